/** A page of the edge's own for a person: its frame, its look and its headers. What it says is for handlers/page.ts. */

import { direction, type Language } from "./language";

export interface Sheet {
  status: number;
  language: Language;
  /** What the page is about, for those who test it and for scripts. */
  id: string;
  title: string;
  /** Paragraphs, already HTML. */
  paragraphs: readonly string[];
  /** Where its one button leads, and what it says. */
  button?: { to: string; says: string } | undefined;
  /** Seconds after which it goes there by itself. */
  refresh?: number;
  /** Seconds after which somebody may come again. */
  retryAfter?: number | undefined;
}

const STYLE = `
:root{color-scheme:light dark;font:1.125rem/1.6 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center}
main{box-sizing:border-box;width:min(34rem,100%);padding:1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}
a{display:inline-block;min-height:2.75rem;line-height:2.75rem;padding:0 1.25rem;border:2px solid;border-radius:.5rem}
`;

export async function drawn(sheet: Sheet): Promise<Response> {
  const { language, button, refresh } = sheet;
  const again =
    button === undefined || refresh === undefined
      ? ""
      : `<meta http-equiv="refresh" content="${refresh};url=${escaped(button.to)}">\n`;
  const link =
    button === undefined ? "" : `\n<p><a href="${escaped(button.to)}">${escaped(button.says)}</a></p>`;
  const html = `<!doctype html>
<html lang="${language}" dir="${direction(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
${again}<title>${escaped(sheet.title)}</title>
<style>${STYLE}</style>
</head>
<body><main id="${sheet.id}">
<h1>${escaped(sheet.title)}</h1>
${sheet.paragraphs.join("\n")}${link}
</main></body></html>`;
  const headers = new Headers({
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": language,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": `default-src 'none'; style-src '${await styleHash()}'; base-uri 'none'; form-action 'none'`,
  });
  if (sheet.retryAfter !== undefined) {
    headers.set("Retry-After", String(sheet.retryAfter));
  }
  return new Response(html, { status: sheet.status, headers });
}

export function escaped(text: string): string {
  const named: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (letter) => named[letter] ?? "");
}

async function styleHash(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
