/** The person's page. While the bridge is away: a page in the person's language that waits and comes back by itself. */

import type { Deps } from "../deps";
import type { Incoming } from "../incoming";
import { direction, LANGUAGES, languageOf } from "../pure/language";
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
  return method === "POST" && (url.pathname === "/v" || /^\/v\/[^/]+\/again\/?$/.test(url.pathname));
}

/** Half a minute is the longest that a bridge that is back is not seen. */
const TRY_AGAIN_SECONDS = 5;

const STYLE = `
:root{color-scheme:light dark;font:1.125rem/1.6 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center}
main{max-width:34rem;padding:1.5rem}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem}
a{display:inline-block;min-height:2.75rem;line-height:2.75rem;padding:0 1.25rem;border:2px solid;border-radius:.5rem}
`;

export async function pausedPage(deps: Deps, incoming: Incoming): Promise<Response> {
  const { url, headers } = incoming;
  const language = languageOf(url.searchParams.get("lang"), headers.get("accept-language"));
  const words = LANGUAGES[language];
  const at = since(deps, await deps.box.health());
  const time = new Intl.DateTimeFormat(language === "ur" ? "ur-PK" : `${language}-IN`, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
    numberingSystem: "latn",
  });
  const shown = `<time datetime="${at}" dir="ltr">${time.format(new Date(at))} UTC</time>`;
  const kept = deps.settings.spool ? `<p>${words.sent}</p>` : "";
  // A form cannot be sent again by itself: the page that it stands on is the way back.
  const back =
    incoming.method === "POST" ? url.pathname.replace(/\/(again|cancel|event)\/?$/, "") : url.pathname;
  const link = back + (url.searchParams.has("lang") ? `?lang=${language}` : "");
  const html = `<!doctype html>
<html lang="${language}" dir="${direction(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="${TRY_AGAIN_SECONDS};url=${escaped(link)}">
<title>${words.title}</title>
<style>${STYLE}</style>
</head>
<body><main id="paused">
<h1>${words.title}</h1>
<p role="status">${words.paused} ${words.since.replace("{time}", shown)}</p>
<p>${words.nothing_to_do}</p>${kept}
<p><a href="${escaped(link)}">${words.again}</a></p>
</main></body></html>`;
  return new Response(incoming.method === "HEAD" ? null : html, {
    status: 503,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Language": language,
      "Retry-After": String(RETRY_AFTER_SECONDS),
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": `default-src 'none'; style-src '${await styleHash()}'; base-uri 'none'; form-action 'none'`,
    },
  });
}

function escaped(text: string): string {
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
