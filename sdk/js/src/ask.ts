/** One request: with its key, a limit in time, and every way to fail made a `BridgeProblem`. Abortable throughout. */

import { BridgeProblem, problemOf } from "./problem.js";
import type { Handle } from "./types.js";

export interface Asking {
  url: string;
  apiKey?: string | undefined;
  fetch: typeof fetch;
  /** The longest that an answer may take. */
  timeoutMs: number;
}

export interface Question {
  method?: string;
  path: string;
  body?: unknown;
  /** Whose token opens it, where there is no API key. */
  of?: Handle;
  accept?: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

/** Aborts when another signal does, or when its time is over. */
export class Limit {
  readonly #own = new AbortController();
  readonly #other: AbortSignal | undefined;
  readonly #follow = () => this.#own.abort(this.#other?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(other: AbortSignal | undefined) {
    this.#other = other;
    other?.addEventListener("abort", this.#follow);
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** From now on it has so long. */
  within(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#own.abort(), ms);
  }

  /** Nobody waits any more, and what is still open is closed. */
  end(): void {
    clearTimeout(this.#timer);
    this.#other?.removeEventListener("abort", this.#follow);
    this.#own.abort();
  }
}

/** Asks, and reads the answer if it is a success. All of it is over when the limit is, or when it is aborted. */
export async function ask<T>(
  asking: Asking,
  question: Question,
  read: (answer: Response, limit: Limit) => Promise<T>,
): Promise<T> {
  const { signal } = question;
  signal?.throwIfAborted();
  const limit = new Limit(signal);
  limit.within(question.timeoutMs ?? asking.timeoutMs);
  try {
    const answer = await asking.fetch(asking.url + question.path, {
      method: question.method ?? "GET",
      headers: headers(asking, question),
      ...(question.body === undefined ? {} : { body: JSON.stringify(question.body) }),
      signal: limit.signal,
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
    if (!answer.ok) {
      throw await problemOf(answer);
    }
    return await read(answer, limit);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.signal.aborted) {
      throw new BridgeProblem({ code: "no_answer", status: 0, detail: "the bridge did not answer in time" });
    }
    if (error instanceof BridgeProblem) {
      throw error;
    }
    throw new BridgeProblem({
      code: "unreachable",
      status: 0,
      detail: "the bridge cannot be reached, or its answer broke off",
      cause: error,
    });
  } finally {
    limit.end();
  }
}

function headers(asking: Asking, { of, accept, body }: Question): Record<string, string> {
  const key = asking.apiKey ?? of?.token;
  return {
    Accept: accept ?? "application/json",
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
  };
}

/** The body of a success. */
export function json<T>(asking: Asking, question: Question): Promise<T> {
  return ask(asking, question, async (answer) => (await answer.json()) as T);
}

/** Waits, unless it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, refuse) => {
    const stop = () => {
      clearTimeout(timer);
      refuse(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, ms);
    if (signal?.aborted) {
      stop();
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
