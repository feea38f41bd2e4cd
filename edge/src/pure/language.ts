/** In which language a person is spoken to: `?lang`, else what the browser asks for, else English. */

import bn from "../words/bn.json";
import en from "../words/en.json";
import gu from "../words/gu.json";
import hi from "../words/hi.json";
import kn from "../words/kn.json";
import ml from "../words/ml.json";
import mr from "../words/mr.json";
import pa from "../words/pa.json";
import ta from "../words/ta.json";
import te from "../words/te.json";
import ur from "../words/ur.json";

export type Words = typeof en;

/** A language is a file in words/ and a name here; a sentence that is missing in one fails the type check. */
export const LANGUAGES = { en, hi, bn, ta, te, mr, gu, kn, ml, pa, ur } satisfies Record<string, Words>;
export type Language = keyof typeof LANGUAGES;

function known(tag: string): Language | undefined {
  const [language = ""] = tag.trim().toLowerCase().split(/[-_]/);
  return Object.hasOwn(LANGUAGES, language) ? (language as Language) : undefined;
}

export function languageOf(asked: string | null, accepted: string | null): Language {
  const wanted = (accepted ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.split(";");
      const quality = parameters
        .map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1])
        .find((q) => q !== undefined);
      return { tag, quality: Number(quality ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
  for (const tag of [asked ?? "", ...wanted]) {
    const language = known(tag);
    if (language !== undefined) {
      return language;
    }
  }
  return "en";
}

export function direction(language: Language): "ltr" | "rtl" {
  return language === "ur" ? "rtl" : "ltr";
}
