/**
 * Follows an onboarding by whatever the network lets through: a stream of events, then long polls, then polls. A way that
 * says nothing is given up for the next. Only what changed is told. A page that comes back to the front asks at once,
 * because phones end connections while another app is in front, and say nothing of it.
 */

import { type Asking, ask, json, sleep } from "./ask.js";
import { EventReader } from "./events.js";
import { BridgeProblem } from "./problem.js";
import type { BridgeState, Handle, OnboardingStatus } from "./types.js";

/** How long each way may take, in milliseconds. */
export interface Patience {
  /** Until a stream has said how it stands; and how much longer than it says a long poll may take. */
  silence: number;
  /** Between two signs of life of a stream: the bridge gives one every 15 seconds. */
  heartbeat: number;
  /** How long a long poll waits for a change. */
  wait: number;
  /** Between two polls, and after a failure. */
  pause: number;
  /** After so long the better ways are tried again. */
  again: number;
}

export const PATIENCE: Patience = {
  silence: 5_000,
  heartbeat: 20_000,
  wait: 10_000,
  pause: 3_000,
  again: 60_000,
};

/** Longer than any bridge asks to wait, but never for ever. */
const RETRY_AFTER_MAX_SECONDS = 60;

export interface FollowSettings {
  patience: Patience;
  signal: AbortSignal | undefined;
  onBridge: ((state: BridgeState) => void) | undefined;
}

type Way = (round: Round) => AsyncGenerator<OnboardingStatus>;

/** One connection after the other, by one way. */
interface Round extends FollowSettings {
  asking: Asking;
  of: Handle;
  signal: AbortSignal;
}

const WAYS: readonly Way[] = [stream, longPoll, poll];

export async function* follow(
  asking: Asking,
  of: Handle,
  settings: FollowSettings,
): AsyncGenerator<OnboardingStatus, void, undefined> {
  const { signal, patience } = settings;
  const front = new Front();
  let told = "";
  let way = 0;
  let triedAt = Date.now();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const round = front.begin(signal);
      let pause = patience.pause;
      try {
        for await (const status of (WAYS[way] ?? poll)({ ...settings, asking, of, signal: round })) {
          const text = JSON.stringify(status);
          if (text !== told) {
            told = text;
            yield status;
          }
        }
        if (way === WAYS.length - 1 && Date.now() - triedAt >= patience.again) {
          way = 0;
          triedAt = Date.now();
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (round.aborted) {
          // The page is in front again.
          way = 0;
          continue;
        }
        if (!(error instanceof BridgeProblem) || !error.isPassing) {
          throw error;
        }
        way = Math.min(way + 1, WAYS.length - 1);
        pause = error.retryAfter === undefined ? pauseAfter(way, patience) : secondsAtMost(error.retryAfter);
      }
      await sleep(pause, round).catch(() => {
        signal?.throwIfAborted();
        way = 0;
      });
    }
  } finally {
    front.end();
  }
}

/** The next way is tried at once; the last one over and over. */
function pauseAfter(way: number, patience: Patience): number {
  return way < WAYS.length - 1 ? 0 : patience.pause;
}

function secondsAtMost(seconds: number): number {
  return Math.min(seconds, RETRY_AFTER_MAX_SECONDS) * 1_000;
}

const path = ({ onboarding_id }: Handle) => `/onboard/${encodeURIComponent(onboarding_id)}`;

/** It ends where the connection does. */
async function* stream({ asking, of, signal, patience, onBridge }: Round): AsyncGenerator<OnboardingStatus> {
  const heard: OnboardingStatus[] = [];
  let isOpen = true;
  let failed: unknown;
  let wake = () => {};
  const question = {
    path: `${path(of)}/events`,
    of,
    accept: "text/event-stream",
    signal,
    timeoutMs: patience.silence,
  };
  const end = new AbortController();
  const reading = ask(asking, question, async (answer, limit) => {
    if (answer.body === null || !(answer.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
      const detail = "no stream came";
      throw new BridgeProblem({ code: "unexpected_answer", status: answer.status, detail });
    }
    const events = new EventReader();
    const letters = new TextDecoder();
    const reader = answer.body.getReader();
    end.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
    let hasSpoken = false;
    while (!end.signal.aborted) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      for (const { event, data } of events.read(letters.decode(value, { stream: true }))) {
        if (event === "status") {
          hasSpoken = true;
          heard.push(JSON.parse(data) as OnboardingStatus);
        } else if (event === "bridge") {
          onBridge?.(JSON.parse(data) as BridgeState);
        }
      }
      if (hasSpoken) {
        limit.within(patience.heartbeat);
      }
      wake();
    }
  })
    .catch((error: unknown) => {
      failed = error;
    })
    .finally(() => {
      isOpen = false;
      wake();
    });
  try {
    while (isOpen || heard.length > 0) {
      const next = heard.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      await new Promise<void>((done) => {
        wake = done;
      });
    }
    if (failed !== undefined) {
      throw failed;
    }
  } finally {
    end.abort();
    await reading;
  }
}

async function* longPoll({ asking, of, signal, patience }: Round): AsyncGenerator<OnboardingStatus> {
  yield await json<OnboardingStatus>(asking, { path: path(of), of, signal });
  const seconds = Math.max(1, Math.round(patience.wait / 1_000));
  for (;;) {
    yield await json<OnboardingStatus>(asking, {
      path: `${path(of)}?wait=${seconds}`,
      of,
      signal,
      timeoutMs: patience.wait + patience.silence,
    });
  }
}

/** Once. */
async function* poll({ asking, of, signal }: Round): AsyncGenerator<OnboardingStatus> {
  yield await json<OnboardingStatus>(asking, { path: path(of), of, signal });
}

/** Hears when the page comes back to the front, or to the network. Where there is no page it hears nothing. */
class Front {
  #round: AbortController | undefined;
  readonly #page: Document | undefined = globalThis.document;
  readonly #back = () => {
    if (this.#page?.visibilityState !== "hidden") {
      this.#round?.abort();
    }
  };

  constructor() {
    this.#page?.addEventListener("visibilitychange", this.#back);
    if (this.#page !== undefined) {
      globalThis.addEventListener("online", this.#back);
    }
  }

  /** Aborted when somebody is back, or when all of it is. */
  begin(signal: AbortSignal | undefined): AbortSignal {
    const round = new AbortController();
    this.#round = round;
    signal?.addEventListener("abort", () => round.abort(signal.reason), { once: true });
    return round.signal;
  }

  end(): void {
    this.#round?.abort();
    this.#page?.removeEventListener("visibilitychange", this.#back);
    if (this.#page !== undefined) {
      globalThis.removeEventListener("online", this.#back);
    }
  }
}
