/** Bindings and variables of the Worker: wrangler.jsonc explains each. Read once into settings, every mistake named. */

import type { Box } from "./objects/box";
import type { Refusals } from "./objects/refusals";
import type { Spool } from "./objects/spool";
import type { Visitor } from "./objects/visitor";
import { canonical, limitKey } from "./pure/client";
import type { Limits } from "./pure/window";

export interface Env {
  VISITORS: DurableObjectNamespace<Visitor>;
  BOX: DurableObjectNamespace<Box>;
  REFUSALS: DurableObjectNamespace<Refusals>;
  SPOOL: DurableObjectNamespace<Spool>;
  SMS_LIMIT: RateLimit;

  BRIDGE_URL?: string;
  EDGE_SECRET?: string;
  ACCESS_CLIENT_ID?: string;
  ACCESS_CLIENT_SECRET?: string;
  REGISTRATIONS_PER_MINUTE?: string;
  REGISTRATIONS_PER_HOUR?: string;
  /** The same by its short name. */
  PER_HOUR?: string;
  APP_SERVERS?: string;
  PROBE_SECONDS?: string;
  EDGE_SPOOL?: string;
  EDGE_ASIDE_DAYS?: string;
  SUPABASE_ONBOARDING?: string;
  SUPABASE_URL?: string;
  SUPABASE_KEY?: string;
  TURNSTILE_SECRET?: string;
  TURNSTILE_SITE_KEY?: string;
  TURNSTILE_ROUTES?: string;
  TURNSTILE_URL?: string;
}

export interface Settings {
  bridgeUrl: string;
  secret: string;
  access: { id: string; secret: string } | null;
  registrations: Limits;
  /** By what these addresses are counted. */
  appServers: ReadonlySet<string>;
  probeMs: number;
  spool: boolean;
  /** So long an SMS that the bridge does not take stays here. */
  asideMs: number;
  supabase: { url: string; key: string } | null;
  turnstile: { secret: string; siteKey: string; url: string; routes: ReadonlySet<string> } | null;
}

const SITEVERIFY = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
const SECRET_MIN_CHARS = 16;
const DAY_MS = 24 * 3600 * 1000;

/** The Worker is not set up. */
export class Misconfigured extends Error {}

export function settingsOf(env: Env): Settings {
  const problems: string[] = [];
  const given = (name: keyof Env) => {
    const value = env[name];
    return typeof value === "string" ? value.trim() : "";
  };
  const whole = (name: keyof Env, fallback: number) => {
    const text = given(name);
    if (text !== "" && !/^[1-9]\d{0,6}$/.test(text)) {
      problems.push(`${name} must be a whole number of at least 1`);
    }
    return text === "" ? fallback : Number(text);
  };
  const onOff = (name: keyof Env) => {
    const text = given(name).toLowerCase();
    if (!["", "on", "off"].includes(text)) {
      problems.push(`${name} must be on or off`);
    }
    return text === "on";
  };
  const origin = (name: keyof Env) => {
    try {
      const url = new URL(given(name));
      if (url.protocol === "https:" || url.protocol === "http:") {
        return url.origin;
      }
    } catch {
      // Named below.
    }
    problems.push(`${name} must be like https://bridge.example.org`);
    return "";
  };

  const secret = given("EDGE_SECRET");
  if (secret.length < SECRET_MIN_CHARS) {
    problems.push(
      `EDGE_SECRET must be the bridge's SMS_BRIDGE_EDGE_SECRET, at least ${SECRET_MIN_CHARS} characters`,
    );
  }
  const appServers = given("APP_SERVERS")
    .split(/[\s,]+/)
    .filter((address) => address !== "");
  if (appServers.some((address) => canonical(address) === null)) {
    problems.push("APP_SERVERS must be IP addresses, separated by spaces");
  }
  const supabase = onOff("SUPABASE_ONBOARDING")
    ? { url: origin("SUPABASE_URL"), key: given("SUPABASE_KEY") }
    : null;
  if (supabase?.key === "") {
    problems.push("SUPABASE_KEY is missing: SUPABASE_ONBOARDING is on");
  }
  const [id, accessSecret] = [given("ACCESS_CLIENT_ID"), given("ACCESS_CLIENT_SECRET")];
  const turnstileSecret = given("TURNSTILE_SECRET");
  const settings: Settings = {
    bridgeUrl: origin("BRIDGE_URL"),
    secret,
    access: id === "" ? null : { id, secret: accessSecret },
    registrations: {
      perMinute: whole("REGISTRATIONS_PER_MINUTE", 5),
      perHour: whole(given("PER_HOUR") === "" ? "REGISTRATIONS_PER_HOUR" : "PER_HOUR", 30),
    },
    appServers: new Set(appServers.map((address) => limitKey(canonical(address) ?? address))),
    probeMs: whole("PROBE_SECONDS", 20) * 1000,
    spool: onOff("EDGE_SPOOL"),
    asideMs: whole("EDGE_ASIDE_DAYS", 30) * DAY_MS,
    supabase,
    turnstile:
      turnstileSecret === ""
        ? null
        : {
            secret: turnstileSecret,
            siteKey: given("TURNSTILE_SITE_KEY"),
            url: given("TURNSTILE_URL") || SITEVERIFY,
            routes: new Set((given("TURNSTILE_ROUTES") || "v register").split(/[\s,]+/)),
          },
  };
  if (problems.length > 0) {
    throw new Misconfigured(problems.join("; "));
  }
  return settings;
}
