/**
 * The edge as a Hono app: the list of routes, and what every request passes through. Each kind of route has a handler
 * in handlers/; decisions without input and output are in pure/.
 */

import { type Context, Hono } from "hono";
import type { Deps } from "./deps";
import type { Env } from "./env";
import { readable } from "./handlers/followers";
import { plain } from "./handlers/forward";
import { isOfAPerson, page, refusedPage } from "./handlers/page";
import { capture, register } from "./handlers/register";
import { receive } from "./handlers/sms";
import { status } from "./handlers/status";
import { type Incoming, read, requestIdForLog, requestIdOf } from "./incoming";
import { clientOf, limitKey } from "./pure/client";
import { type Problem, problemResponse, Refused } from "./pure/problem";
import { type Kind, ROUTES, type Route } from "./routes";

/** By this `sms-bridge doctor` sees from outside that an edge stands in front. */
const EDGE = "sms-bridge-edge";

type Handler = (
  deps: Deps,
  incoming: Incoming,
  waitUntil: (work: Promise<void>) => void,
) => Promise<Response>;

const HANDLERS: Record<Kind, Handler> = { register, page, status, sms: receive, plain };

type Variables = { route: Route | undefined; requestId: string };
type App = Hono<{ Bindings: Env; Variables: Variables }>;

/** In the log, of what is no route. */
const UNMATCHED = "unmatched";

export function createApp(deps: Deps): App {
  const app: App = new Hono();

  app.use(async (c, next) => {
    const began = deps.clock();
    const requestId = requestIdOf(c.req.raw, deps.newId);
    c.set("requestId", requestId);
    c.set("route", undefined);
    await next();
    c.res = new Response(c.res.body, c.res);
    c.res.headers.set("X-Request-Id", requestId);
    c.res.headers.set("X-Edge", EDGE);
    deps.log({
      event: "answered",
      route: c.get("route")?.path ?? UNMATCHED,
      method: c.req.method,
      status: c.res.status,
      ms: deps.clock() - began,
      request_id: requestIdForLog(requestId, c.req.raw),
    });
  });

  for (const route of ROUTES) {
    app.all(route.path, async (c) => {
      c.set("route", route);
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

  /** What the edge says by itself: to a person a page, to a program the bridge's words. */
  const told = async (c: Context<{ Bindings: Env; Variables: Variables }>, problem: Problem) => {
    const request = c.req.raw;
    if (isOfAPerson(request)) {
      return refusedPage(request, problem);
    }
    const answer = problemResponse(problem, c.get("requestId"));
    const isFollowed = c.get("route")?.isFollowed === true;
    return isFollowed ? readable(deps, request.headers, request.method, answer) : answer;
  };

  app.notFound((c) => told(c, { code: "not_found", detail: "there is nothing at this address" }));

  app.onError((error, c) => {
    if (error instanceof Refused) {
      return told(c, error.problem);
    }
    const logged = requestIdForLog(c.get("requestId"), c.req.raw);
    const route = c.get("route")?.path ?? UNMATCHED;
    deps.log({ event: "failed", route, request_id: logged, why: error.name });
    const detail = "this is a bug of the edge: please report it with the request id";
    return told(c, { code: "internal", detail });
  });

  return app;
}

function isSpurious({ problem }: Refused): boolean {
  return ["method_not_allowed", "body_too_large", "unsupported_media_type"].includes(problem.code);
}
