/** A registration: counted by address, looked at, and handed on. Nothing is counted while it cannot succeed. */

import type { Deps } from "../deps";
import { fieldsOf, type Incoming } from "../incoming";
import { clientText, NO_COUNTRY } from "../pure/client";
import { emailHash, normalEmail, withoutTag } from "../pure/email";
import { type Code, Refused } from "../pure/problem";
import { remember } from "../supabase";
import { requireHuman } from "../turnstile";
import { forwarded, pausedProblem } from "./forward";

/** Where Turnstile may be asked for. */
export type Place = "register" | "v";

export async function register(
  deps: Deps,
  incoming: Incoming,
  waitUntil: (work: Promise<void>) => void,
): Promise<Response> {
  const refusal = await whyNot(deps, incoming, "register");
  if (refusal !== null) {
    return refusal;
  }
  const answer = await forwarded(deps, withoutPlaceOfServers(deps, incoming));
  if (answer === null) {
    return pausedProblem(deps, incoming.requestId);
  }
  if (answer.ok && deps.settings.supabase !== null) {
    const text = await answer.text();
    waitUntil(remember(deps, incoming, text));
    return new Response(text, answer);
  }
  return answer;
}

/** Where an app's own server is says nothing of its user, who would be told that somebody there asks. */
function withoutPlaceOfServers(deps: Deps, incoming: Incoming): Incoming {
  if (!deps.settings.appServers.has(incoming.limitKey)) {
    return incoming;
  }
  return { ...incoming, clientText: clientText({ ...incoming.client, country: NO_COUNTRY }) };
}

/** What stands against it: an answer while the box is dark, a refusal that is captured, or nothing. */
export async function whyNot(deps: Deps, incoming: Incoming, place: Place): Promise<Response | null> {
  if (!(await deps.box.health()).up) {
    return pausedProblem(deps, incoming.requestId);
  }
  const fields = fieldsOf(incoming);
  await withinLimits(deps, incoming, fields);
  await requireHuman(deps, incoming, fields, place);
  await notBlocked(deps, incoming, fields);
  return null;
}

async function withinLimits(deps: Deps, incoming: Incoming, fields: Record<string, string>): Promise<void> {
  const { registrations, appServers } = deps.settings;
  if (appServers.has(incoming.limitKey)) {
    return;
  }
  const retryAfter = await deps.visitor(incoming.limitKey).register(registrations);
  if (retryAfter !== null) {
    await refuse(deps, incoming, fields, "too_many_registrations", {
      detail: "this address made too many registrations: wait a little",
      retryAfter,
    });
  }
}

async function notBlocked(deps: Deps, incoming: Incoming, fields: Record<string, string>): Promise<void> {
  const { email } = fields;
  if (email === undefined || email.trim() === "") {
    return;
  }
  const { secret } = deps.settings;
  const hashes = await Promise.all([
    emailHash(secret, normalEmail(email)),
    emailHash(secret, withoutTag(email)),
  ]);
  if (await deps.box.isBlocked(hashes)) {
    await refuse(deps, incoming, fields, "email_blocked", {
      detail: "this e-mail address was blocked by the operator",
    });
  }
}

/** Captured, and told. */
export async function refuse(
  deps: Deps,
  incoming: Incoming,
  fields: Record<string, string>,
  code: Code,
  told: { detail: string; retryAfter?: number },
  reason: string = code,
): Promise<never> {
  await capture(deps, incoming, reason, fields.mobile_number ?? "");
  throw new Refused({ code, ...told });
}

export async function capture(
  deps: Deps,
  incoming: Pick<Incoming, "client" | "limitKey">,
  reason: string,
  number: string,
): Promise<void> {
  await deps.visitor(incoming.limitKey).refused({
    at: new Date(deps.clock()).toISOString(),
    reason,
    mobile_number: number.slice(0, 64),
    address: incoming.client.address,
    country: incoming.client.country,
    count: 1,
  });
}
