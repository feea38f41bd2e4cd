/** The bridge as an app asks it. */

import { type Asking, json } from "./ask.js";
import { follow, PATIENCE, type Patience } from "./follow.js";
import { BridgeProblem } from "./problem.js";
import type { MobileValidated } from "./remembered.js";
import type { BridgeState, Handle, OnboardingStatus, Registered, Registration } from "./types.js";

export interface SmsBridgeOptions {
  /** Where the bridge or its edge is, like `https://verify.example.org`. */
  url: string;
  /** For servers. Never in a page or an app on a device: there the token of a registration opens what it may see. */
  apiKey?: string;
  /** What is known on this device of validated numbers: asked before anything is sent. */
  mobileValidated?: MobileValidated;
  /** The longest that an answer may take, in milliseconds. */
  timeoutMs?: number;
  /** Another `fetch` than the global one. */
  fetch?: typeof fetch;
}

export interface Following {
  signal?: AbortSignal;
  /** Go on after `expired` and `failed` too: an SMS that was sent in time may still come. */
  late?: boolean;
  /** Registration was paused, or goes on. */
  onBridge?: (state: BridgeState) => void;
  patience?: Partial<Patience>;
}

interface Asked {
  signal?: AbortSignal;
}

const TIMEOUT_MS = 15_000;

export class SmsBridge {
  readonly #asking: Asking;
  readonly #known: MobileValidated | undefined;

  constructor({ url, apiKey, mobileValidated, timeoutMs, fetch: own }: SmsBridgeOptions) {
    this.#asking = {
      url: url.replace(/\/+$/, ""),
      apiKey,
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      // As a function of its own: browsers refuse a `fetch` that is called as somebody's.
      fetch: own ?? ((...request) => fetch(...request)),
    };
    this.#known = mobileValidated;
  }

  /** Registers a number. `already_validated` may come from this device alone, and then nothing was sent. */
  async register(wanted: Registration, { signal }: Asked = {}): Promise<Registered> {
    const since = await this.#known?.when(wanted.mobile_number);
    if (since) {
      const detail = `this number was validated on this device on ${since.toISOString()}`;
      throw new BridgeProblem({ code: "already_validated", status: 409, detail });
    }
    const question = { method: "POST", path: "/onboard/register", body: wanted, signal };
    return json<Registered>(this.#asking, question);
  }

  /** How it stands now. */
  async status(of: Handle, { signal }: Asked = {}): Promise<OnboardingStatus> {
    return this.#noted(await json<OnboardingStatus>(this.#asking, { path: pathOf(of), of, signal }));
  }

  /** Every change from now on, the present state first, until an SMS or somebody ended it, or its time is over. */
  async *follow(of: Handle, settings: Following = {}): AsyncGenerator<OnboardingStatus, void, undefined> {
    const { signal, late = false, onBridge } = settings;
    const patience = { ...PATIENCE, ...settings.patience };
    for await (const status of follow(this.#asking, of, { signal, onBridge, patience })) {
      yield await this.#noted(status);
      if (isOver(status, late)) {
        return;
      }
    }
  }

  /** Ends it; again is as good as once. */
  async cancel(of: Handle, { signal }: Asked = {}): Promise<OnboardingStatus> {
    return json<OnboardingStatus>(this.#asking, {
      method: "POST",
      path: `${pathOf(of)}/cancel`,
      of,
      signal,
    });
  }

  /** Whether registrations are taken. */
  async bridge({ signal }: Asked = {}): Promise<BridgeState> {
    return json<BridgeState>(this.#asking, { path: "/status", signal });
  }

  async #noted(status: OnboardingStatus): Promise<OnboardingStatus> {
    await this.#known?.keep(status);
    return status;
  }
}

function pathOf({ onboarding_id }: Handle): string {
  return `/onboard/${encodeURIComponent(onboarding_id)}`;
}

function isOver({ status }: OnboardingStatus, late: boolean): boolean {
  const mayComeLate = status === "expired" || status === "failed";
  return status !== "pending" && !(late && mayComeLate);
}
