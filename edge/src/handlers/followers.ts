/**
 * What the edge answers itself where a page of another website follows a registration: readable for the websites that the
 * bridge names in `status_origins`, as the bridge's own answers are. Not those: they pass through as they are. Written
 * here, because Hono's own cors answers every preflight and every route by itself, also those that are the bridge's.
 */

import type { Deps } from "../deps";

/** As the bridge says it (crates/bridge-http/src/cors.rs). */
const METHODS = "GET,HEAD";
const HEADERS = "authorization,accept,last-event-id";
const EXPOSED = "retry-after,x-request-id";
const REMEMBERED_SECONDS = "600";

/** The answer with what a browser needs to hand it to that website's script; a preflight's instead of it. */
export async function readable(
  deps: Deps,
  request: Headers,
  method: string,
  own: Response,
): Promise<Response> {
  const origin = request.get("origin");
  const isPreflight = method === "OPTIONS" && request.has("access-control-request-method");
  const answer = isPreflight ? new Response(null, { status: 204 }) : new Response(own.body, own);
  answer.headers.append("Vary", "Origin");
  // Nobody is refused an answer because the list cannot be read.
  const named = origin === null ? [] : await deps.box.websites().catch(() => []);
  if (origin === null || !named.includes(origin)) {
    return answer;
  }
  answer.headers.set("Access-Control-Allow-Origin", origin);
  answer.headers.set("Access-Control-Expose-Headers", EXPOSED);
  if (isPreflight) {
    answer.headers.set("Access-Control-Allow-Methods", METHODS);
    answer.headers.set("Access-Control-Allow-Headers", HEADERS);
    answer.headers.set("Access-Control-Max-Age", REMEMBERED_SECONDS);
  }
  return answer;
}
