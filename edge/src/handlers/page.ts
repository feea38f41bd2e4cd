/**
 * The person's page. While the bridge is away: a page in the person's language that waits and comes back by itself. What
 * the edge refuses to somebody's browser is such a page too.
 */

import type { Deps } from "../deps";
import type { Incoming } from "../incoming";
import { direction, LANGUAGES, type Language, languageOf, type Words } from "../pure/language";
import { type Problem, retryAfterOf, statusOf } from "../pure/problem";
import { drawn, escaped, type Sheet } from "../pure/sheet";
import { forwarded, RETRY_AFTER_SECONDS, since } from "./forward";
import { whyNot } from "./register";
import { withTurnstile } from "./widget";

export async function page(deps: Deps, incoming: Incoming): Promise<Response> {
  if ((await deps.box.health()).up) {
    if (isRegistration(incoming)) {
      await whyNot(deps, incoming, "v");
    }
    const answer = await forwarded(deps, incoming);
    if (answer !== null) {
      return incoming.url.pathname === "/v" ? withTurnstile(deps, answer) : answer;
    }
  }
  return pausedPage(deps, incoming);
}

/** A new hash: from the page without any app, or again for the same person. */
function isRegistration({ method, url }: Incoming): boolean {
  return method === "POST" && (url.pathname === "/v" || /^\/v\/[^/]+\/again$/.test(url.pathname));
}

/** Half a minute is the longest that a bridge that is back is not seen. */
const TRY_AGAIN_SECONDS = 5;
const UTC = "UTC";
const UNBROKEN_HYPHEN = "\u2011";

export async function pausedPage(deps: Deps, incoming: Incoming): Promise<Response> {
  const { language, words, back } = asked(incoming);
  const at = since(deps, await deps.box.health());
  const clock = clockTime(language, at, incoming.client.zone);
  const shown = `<time datetime="${at}" dir="${direction(language)}">${clock}</time>`;
  const kept = deps.settings.spool ? [`<p>${words.sent}</p>`] : [];
  return drawn({
    status: 503,
    language,
    id: "paused",
    title: words.title,
    paragraphs: [
      `<p role="status">${words.paused} ${words.since.replace("{time}", shown)}</p>`,
      `<p>${words.nothing_to_do}</p>`,
      ...kept,
    ],
    button: { to: back, says: words.again },
    refresh: TRY_AGAIN_SECONDS,
    retryAfter: RETRY_AFTER_SECONDS,
  });
}

/** On the clock of the person where its zone is known, and of which zone it is. */
function clockTime(language: Language, at: string, zone: string | null): string {
  const shown = { dateStyle: "medium", timeStyle: "short", numberingSystem: "latn" } as const;
  try {
    const timeZone = zone ?? UTC;
    const time = new Intl.DateTimeFormat(localeOf(language), { ...shown, timeZone }).format(new Date(at));
    const offset = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "shortOffset" });
    const parts = zone === null ? [] : offset.formatToParts(new Date(at));
    const name = parts.find(({ type }) => type === "timeZoneName")?.value.replace("-", UNBROKEN_HYPHEN);
    return `${escaped(time)} ${name === undefined ? UTC : `<bdi dir="ltr">${escaped(name)}</bdi>`}`;
  } catch (error) {
    // A zone that this runtime does not know.
    if (zone === null) {
      throw error;
    }
    return clockTime(language, at, null);
  }
}

/** Is it somebody's browser that asks for a page or a part of one? A program that says that it speaks JSON is none. */
export function isOfAPerson(request: Request): boolean {
  const { pathname } = new URL(request.url);
  const speaksJson = ["accept", "content-type"].some((name) => request.headers.get(name)?.includes("json"));
  return /^\/v(\/|$)/.test(pathname) && !speaksJson;
}

/** What the edge refuses to a person, in their language. */
export function refusedPage(request: Request, problem: Problem): Promise<Response> {
  const url = new URL(request.url);
  const { language, words, back } = asked({ url, headers: request.headers });
  const retryAfter = retryAfterOf(problem);
  return drawn({
    status: statusOf(problem.code),
    language,
    retryAfter,
    ...said(problem, words, back, language, retryAfter ?? 0),
  });
}

type Said = Pick<Sheet, "id" | "title" | "paragraphs" | "button">;

function said(problem: Problem, words: Words, back: string, language: Language, seconds: number): Said {
  const again = { to: back, says: words.try_again };
  switch (problem.code) {
    case "not_found":
      return { id: "missing", title: words.missing, paragraphs: [`<p>${words.missing_lead}</p>`] };
    case "email_blocked":
      return { id: "refused", title: words.refused, paragraphs: [`<p>${words.other_way}</p>`] };
    case "too_many_registrations":
    case "too_many_requests": {
      const when = words.try_again_when.replace("{when}", fromNow(language, seconds));
      return { id: "many", title: words.many, paragraphs: [`<p>${when}</p>`], button: again };
    }
    default:
      return {
        id: "failed",
        title: words.failed,
        paragraphs: [`<p>${words.failed_lead}</p>`],
        button: again,
      };
  }
}

/** `in 40 seconds`, `in 12 minutes`: never less than it is. */
function fromNow(language: Language, seconds: number): string {
  const format = new Intl.RelativeTimeFormat(`${localeOf(language)}-u-nu-latn`);
  return seconds <= 60 ? format.format(seconds, "second") : format.format(Math.ceil(seconds / 60), "minute");
}

function localeOf(language: Language): string {
  return language === "ur" ? "ur-PK" : `${language}-IN`;
}

/** In which language, and the page to which somebody goes back. */
function asked({ url, headers }: Pick<Incoming, "url" | "headers">): {
  language: Language;
  words: Words;
  back: string;
} {
  const language = languageOf(url.searchParams.get("lang"), headers.get("accept-language"));
  // A form cannot be sent again by itself: the page that it stands on is the way back.
  const path = url.pathname.replace(/^(\/v\/[^/]+)\/(again|cancel|event)\/?$/, "$1");
  const query = new URLSearchParams();
  if (url.searchParams.has("lang")) {
    query.set("lang", language);
  }
  // The website that shows the page inside its own: without it the page tells nobody that it is done.
  const origin = url.searchParams.get("origin");
  if (origin !== null) {
    query.set("origin", origin);
  }
  const back = query.size > 0 ? `${path}?${query}` : path;
  return { language, words: LANGUAGES[language], back };
}
