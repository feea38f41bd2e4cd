/** `GET /status`: the bridge's own word, and the edge's where the bridge has none. */

import type { Deps } from "../deps";
import type { components } from "../generated/openapi";
import type { Incoming } from "../incoming";
import { readable } from "./followers";
import { forwarded, since } from "./forward";

type BridgeStatus = components["schemas"]["BridgeStatus"];

export async function status(deps: Deps, incoming: Incoming): Promise<Response> {
  const answer = (await deps.box.health()).up ? await forwarded(deps, incoming) : null;
  if (answer !== null) {
    return answer;
  }
  const paused: BridgeStatus = {
    onboarding: "paused",
    message: "Mobile onboarding is currently paused",
    since: since(deps, await deps.box.health()),
    reason: "the bridge does not answer",
  };
  const own = Response.json(paused, { headers: { "Cache-Control": "no-store" } });
  return readable(deps, incoming.headers, incoming.method, own);
}
