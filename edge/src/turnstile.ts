/** Cloudflare Turnstile, where the operator turned it on. */

import type { Deps } from "./deps";
import type { Place } from "./handlers/register";
import { refuse } from "./handlers/register";
import type { Incoming } from "./incoming";

const FIELD = "cf-turnstile-response";
const PATIENCE_MS = 5_000;

export async function requireHuman(
  deps: Deps,
  incoming: Incoming,
  fields: Record<string, string>,
  place: Place,
): Promise<void> {
  const { turnstile } = deps.settings;
  if (turnstile === null || !turnstile.routes.has(place)) {
    return;
  }
  const token = incoming.headers.get(FIELD) ?? fields[FIELD] ?? "";
  const isHuman = token !== "" && (await verified(deps, turnstile, token, incoming.client.address));
  if (!isHuman) {
    const told = { detail: "the check that you are a person did not succeed: load the page again" };
    await refuse(deps, incoming, fields, "forbidden", told, "turnstile_failed");
  }
}

async function verified(
  deps: Deps,
  turnstile: { secret: string; url: string },
  token: string,
  address: string,
): Promise<boolean> {
  const body = new URLSearchParams({ secret: turnstile.secret, response: token, remoteip: address });
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await deps.outside(turnstile.url, { method: "POST", body, signal });
    const told = await answer.json<{ success?: unknown; "error-codes"?: unknown }>();
    return told.success === true;
  } catch {
    // Nobody is refused because Cloudflare's own service is away: the limits still hold.
    deps.log({ event: "turnstile_unreachable" });
    return true;
  }
}
