/**
 * The edge as a Hono app: the list of routes, and what every request passes through. Each kind of route has a handler
 * in handlers/; decisions without input and output are in pure/.
 */

import { Hono } from "hono";
import type { Deps } from "./deps";
import type { Env } from "./env";
import { plain } from "./handlers/forward";
import { page } from "./handlers/page";
import { capture, register } from "./handlers/register";
import { receive } from "./handlers/sms";
import { status } from "./handlers/status";
import { type Incoming, read, requestIdForLog, requestIdOf } from "./incoming";
import { clientOf, limitKey } from "./pure/client";
import { problemResponse, Refused } from "./pure/problem";
import { type Kind, ROUTES } from "./routes";

/** By this `sms-bridge doctor` sees from outside that an edge stands in front. */
const EDGE = "sms-bridge-edge";

type Handler = (
  deps: Deps,
  incoming: Incoming,
  waitUntil: (work: Promise<void>) => void,
) => Promise<Response>;

const HANDLERS: Record<Kind, Handler> = { register, page, status, sms: receive, plain };

export function createApp(
  deps: Deps,
): Hono<{ Bindings: Env; Variables: { route: string; requestId: string } }> {
  const app = new Hono<{ Bindings: Env; Variables: { route: string; requestId: string } }>();

  app.use(async (c, next) => {
    const began = deps.clock();
    const requestId = requestIdOf(c.req.raw, deps.newId);
    c.set("requestId", requestId);
    c.set("route", "unmatched");
    await next();
    c.res = new Response(c.res.body, c.res);
    c.res.headers.set("X-Request-Id", requestId);
    c.res.headers.set("X-Edge", EDGE);
    deps.log({
      event: "answered",
      route: c.get("route"),
      method: c.req.method,
      status: c.res.status,
      ms: deps.clock() - began,
      request_id: requestIdForLog(requestId, c.req.raw),
    });
  });

  for (const route of ROUTES) {
    app.all(route.path, async (c) => {
      c.set("route", route.path);
      try {
        const incoming = await read(c.req.raw, route, c.get("requestId"));
        return await HANDLERS[route.kind](deps, incoming, (work) => c.executionCtx.waitUntil(work));
      } catch (error) {
        // What was refused before its body could be read is captured too.
        if (error instanceof Refused && route.kind === "register" && isSpurious(error)) {
          const client = clientOf(c.req.raw);
          await capture(deps, { client, limitKey: limitKey(client.address) }, error.problem.code, "");
        }
        throw error;
      }
    });
  }

  app.notFound((c) =>
    problemResponse({ code: "not_found", detail: "there is nothing at this address" }, c.get("requestId")),
  );

  app.onError((error, c) => {
    const requestId = c.get("requestId");
    if (error instanceof Refused) {
      return problemResponse(error.problem, requestId);
    }
    const logged = requestIdForLog(requestId, c.req.raw);
    deps.log({ event: "failed", route: c.get("route"), request_id: logged, why: error.name });
    const detail = "this is a bug of the edge: please report it with the request id";
    return problemResponse({ code: "internal", detail }, requestId);
  });

  return app;
}

function isSpurious({ problem }: Refused): boolean {
  return ["method_not_allowed", "body_too_large", "unsupported_media_type"].includes(problem.code);
}
