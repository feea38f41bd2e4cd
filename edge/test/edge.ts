/** The edge as a test asks it: the real app and the real objects, with variables of the test's own. */

import {
  createExecutionContext,
  env,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { vi } from "vitest";
import { createApp } from "../src/app";
import { type Deps, depsOf } from "../src/deps";
import type { Env } from "../src/env";
import type { Line } from "../src/log";

export const worker = env as unknown as Env;

export interface Edge {
  ask: (path: string, init?: RequestInit & { from?: string; country?: string }) => Promise<Response>;
  lines: Line[];
}

export function edgeWith(
  variables: Partial<Record<keyof Env, string>> = {},
  others: Partial<Deps> = {},
): Edge {
  const lines: Line[] = [];
  const deps = depsOf({ ...worker, ...variables } as Env);
  const app = createApp({ ...deps, log: (line) => lines.push(line), ...others });
  return {
    lines,
    ask: async (path, { from = "203.0.113.9", country = "IN", ...init } = {}) => {
      const headers = new Headers(init.headers);
      headers.set("CF-Connecting-IP", from);
      headers.set("CF-IPCountry", country);
      const ctx = createExecutionContext();
      const request = new Request(`https://verify.test${path}`, { ...init, headers });
      const response = await app.fetch(request, worker, ctx);
      await waitOnExecutionContext(ctx);
      return response;
    },
  };
}

export function registration(fields: Record<string, unknown> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer key" },
    body: JSON.stringify({ mobile_number: "+919876543210", ...fields }),
  };
}

/** The box looks now, and not by itself meanwhile: two looks at once would count as two. */
export async function look(times = 1): Promise<void> {
  const box = worker.BOX.getByName("all");
  for (let n = 0; n < times; n += 1) {
    await runInDurableObject(box, async (object, { storage }) => {
      await storage.setAlarm(Date.now() + LATER_MS);
      await object.alarm();
      await storage.setAlarm(Date.now() + LATER_MS);
    });
  }
}

const LATER_MS = 3_600_000;

export async function deliverKept(): Promise<void> {
  await runDurableObjectAlarm(worker.SPOOL.getByName("all"));
}

/** An address's refusals, then all of them, leave at once. */
export async function tellRefusals(key: string): Promise<void> {
  await runDurableObjectAlarm(worker.VISITORS.getByName(key));
  await runDurableObjectAlarm(worker.REFUSALS.getByName("all"));
}

/** Does something that waits for exactly that time, which passes at once. */
export async function passing<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const real = globalThis.setTimeout;
  const soon = (run: () => void, after?: number) => real(run, after === ms ? 1 : after);
  const timers = vi.spyOn(globalThis, "setTimeout").mockImplementation(soon as typeof setTimeout);
  try {
    return await work();
  } finally {
    timers.mockRestore();
  }
}
