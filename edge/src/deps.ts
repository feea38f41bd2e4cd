/** What the edge needs from outside itself, as one value: handlers take this, and tests give another. */

import { type AskBridge, bridgeThrough } from "./bridge";
import { type Env, type Settings, settingsOf } from "./env";
import { type Log, log } from "./log";
import type { Refusal } from "./objects/refusals";
import type { KeptSms } from "./objects/spool";
import type { Health } from "./pure/health";
import { randomId } from "./pure/sign";

export interface Deps {
  settings: Settings;
  /** Milliseconds. */
  clock: () => number;
  newId: () => string;
  askBridge: AskBridge;
  /** Turnstile and Supabase. */
  outside: typeof fetch;
  /** One address: counts a registration, and remembers what was refused. */
  visitor: (key: string) => {
    register: (limits: Settings["registrations"]) => Promise<number | null>;
    refused: (refusal: Refusal) => Promise<void>;
  };
  box: {
    health: () => Promise<Health>;
    suspect: () => Promise<void>;
    isBlocked: (hashes: [string, string]) => Promise<boolean>;
    /** Origins of websites whose pages may follow a registration, as the bridge said them last. */
    websites: () => Promise<string[]>;
  };
  spool: {
    waiting: () => Promise<number>;
    keep: (sms: KeptSms) => Promise<boolean>;
    took: (urlKey: string) => Promise<void>;
  };
  /** May this address deliver one more SMS? */
  maySendSms: (key: string) => Promise<boolean>;
  log: Log;
}

/** Asked for every page and status: this old an answer of the box is good enough. */
const HEALTH_KEPT_MS = 2_000;

export function depsOf(env: Env): Deps {
  const settings = settingsOf(env);
  const outside: typeof fetch = (...args) => fetch(...args);
  const box = () => env.BOX.getByName("all");
  const spool = () => env.SPOOL.getByName("all");
  let seen: { at: number; health: Health } | undefined;
  let told: { at: number; websites: string[] } | undefined;
  return {
    settings,
    clock: Date.now,
    newId: randomId,
    askBridge: bridgeThrough(settings, outside, Date.now, randomId),
    outside,
    visitor: (key) => env.VISITORS.getByName(key),
    box: {
      health: async () => {
        if (seen === undefined || Math.abs(Date.now() - seen.at) > HEALTH_KEPT_MS) {
          seen = { health: await box().health(), at: Date.now() };
        }
        return seen.health;
      },
      suspect: async () => {
        seen = undefined;
        await box().suspect();
      },
      isBlocked: async (hashes) => box().isBlocked(hashes),
      websites: async () => {
        if (told === undefined || Math.abs(Date.now() - told.at) > HEALTH_KEPT_MS) {
          told = { websites: await box().websites(), at: Date.now() };
        }
        return told.websites;
      },
    },
    spool: {
      waiting: async () => spool().waiting(),
      keep: async (sms) => spool().keep(sms),
      took: async (urlKey) => spool().took(urlKey),
    },
    maySendSms: async (key) => (await env.SMS_LIMIT.limit({ key })).success,
    log,
  };
}
