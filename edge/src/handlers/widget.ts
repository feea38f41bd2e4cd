/** Turnstile's box in the form of the page `/v`, which the bridge draws without it. */

import type { Deps } from "../deps";

const FROM = "https://challenges.cloudflare.com";
const SCRIPT = `${FROM}/turnstile/v0/api.js`;

export function withTurnstile(deps: Deps, answer: Response): Response {
  const { turnstile } = deps.settings;
  const isPage = (answer.headers.get("content-type") ?? "").startsWith("text/html");
  if (turnstile === null || turnstile.siteKey === "" || !turnstile.routes.has("v") || !isPage) {
    return answer;
  }
  const box = `<div class="cf-turnstile" data-sitekey="${turnstile.siteKey.replace(/[^\w-]/g, "")}"></div>`;
  const widened = new Response(answer.body, answer);
  const policy = answer.headers.get("content-security-policy");
  if (policy !== null) {
    widened.headers.set("Content-Security-Policy", widen(policy));
  }
  return new HTMLRewriter()
    .on("head", {
      element: (head) => {
        head.append(`<script src="${SCRIPT}" async defer></script>`, { html: true });
      },
    })
    .on('form[method="post"]', {
      element: (form) => {
        form.prepend(box, { html: true });
      },
    })
    .transform(widened);
}

/** The page's own policy, which lets in this script and its frame besides. */
export function widen(policy: string): string {
  const directives = policy.split(";").map((one) => one.trim());
  const kept = directives.filter((one) => one !== "" && !/^(script|frame)-src\b/.test(one));
  const before = (name: string) =>
    directives.find((one) => one.startsWith(`${name} `))?.replace("'none'", "");
  for (const name of ["script-src", "frame-src"]) {
    kept.push(`${before(name) ?? name} ${FROM}`.replace(/\s+/g, " "));
  }
  return kept.join("; ");
}
