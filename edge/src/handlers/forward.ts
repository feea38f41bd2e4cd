/** Hands a request to the bridge and its answer back; what a client is told where the bridge does not answer. */

import { passedOn } from "../bridge";
import type { Deps } from "../deps";
import type { Incoming } from "../incoming";
import type { Health } from "../pure/health";
import { problemBody, Refused } from "../pure/problem";

/** From sending it to the head of the answer. */
const PATIENCE_MS = 8_000;
/** The longest `?wait=` of the bridge. */
const WAIT_MAX_SECONDS = 30;
export const RETRY_AFTER_SECONDS = 10;

export async function forwarded(deps: Deps, incoming: Incoming): Promise<Response | null> {
  const headers = passedOn(incoming.headers);
  // Some providers sign the address that they called.
  headers.set("X-Forwarded-Host", incoming.url.host);
  headers.set("X-Forwarded-Proto", incoming.url.protocol.replace(":", ""));
  const answer = await deps.askBridge({
    method: incoming.method,
    target: incoming.target,
    headers,
    body: incoming.body,
    client: incoming.clientText,
    requestId: incoming.requestId,
    patienceMs: PATIENCE_MS + waitMs(incoming.url),
  });
  if (answer === null) {
    await deps.box.suspect();
    return null;
  }
  // A copy, whose headers can be changed.
  return new Response(answer.body, answer);
}

/** A long poll is answered late by right. */
function waitMs(url: URL): number {
  const seconds = Number(url.searchParams.get("wait") ?? "0");
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), WAIT_MAX_SECONDS) * 1000 : 0;
}

/** Whatever needs nothing but to be passed on. */
export async function plain(deps: Deps, incoming: Incoming): Promise<Response> {
  const answer = (await deps.box.health()).up ? await forwarded(deps, incoming) : null;
  if (answer !== null) {
    return answer;
  }
  throw new Refused({
    code: "unavailable",
    detail: "the bridge does not answer: ask again",
    retryAfter: RETRY_AFTER_SECONDS,
  });
}

/** Since when, as RFC 3339. A request that failed just now is the first sign of it. */
export function since(deps: Deps, health: Health): string {
  return new Date(health.up ? deps.clock() : health.since).toISOString();
}

/** Registration is paused: the words of the bridge, and since when. */
export async function pausedProblem(deps: Deps, requestId: string): Promise<Response> {
  const health = await deps.box.health();
  const problem = {
    code: "onboarding_paused",
    detail: "the bridge does not answer: try again later",
  } as const;
  const body = { ...problemBody(problem, requestId), since: since(deps, health) };
  const headers = { "Content-Type": "application/problem+json", "Retry-After": String(RETRY_AFTER_SECONDS) };
  return new Response(JSON.stringify(body), { status: 503, headers });
}
