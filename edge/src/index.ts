/** The Worker: hands requests to the app, and the objects to the runtime. */

import { createApp } from "./app";
import { depsOf } from "./deps";
import { type Env, Misconfigured } from "./env";
import { isOfAPerson, refusedPage } from "./handlers/page";
import { log } from "./log";
import { problemResponse } from "./pure/problem";
import { randomId } from "./pure/sign";

export { Box } from "./objects/box";
export { Refusals } from "./objects/refusals";
export { Spool } from "./objects/spool";
export { Visitor } from "./objects/visitor";

/** One for each isolate: its bindings and variables never change. */
let app: ReturnType<typeof createApp> | undefined;

export default {
  async fetch(request, env, ctx): Promise<Response> {
    try {
      app ??= createApp(depsOf(env));
    } catch (error) {
      if (!(error instanceof Misconfigured)) {
        throw error;
      }
      // Names of variables, never their values.
      log({ event: "not_set_up", why: error.message });
      const problem = { code: "unavailable", detail: "the edge is not set up: see its log" } as const;
      return isOfAPerson(request) ? refusedPage(request, problem) : problemResponse(problem, randomId());
    }
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
