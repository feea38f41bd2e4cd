/**
 * Every address that exists at the edge, exactly as the bridge has it: what is not in this list does not exist, whether the
 * bridge answers or not. No desk, no metrics, no docs.
 */

import contract from "./generated/contract.json";

export type Kind = "register" | "page" | "status" | "sms" | "plain";

export interface Route {
  path: string;
  methods: readonly string[];
  kind: Kind;
  /** The largest body. */
  bytes: number;
  /** The content type that a body must have. */
  takes?: "json" | "form";
  /** A page of another website may follow it: the bridge's `cors.rs` has the same list. */
  isFollowed?: true;
}

const READ = ["GET", "HEAD"] as const;
const FOLLOWED = { methods: [...READ, "OPTIONS"], isFollowed: true } as const;
const DELIVERED = { kind: "sms", bytes: contract.bytes.sms } as const;
const { onboarding } = contract.bytes;

/** The first that fits counts. */
export const ROUTES: readonly Route[] = [
  { path: "/onboard/register", methods: ["POST"], kind: "register", bytes: onboarding, takes: "json" },
  { path: "/onboarding/register", methods: ["POST"], kind: "register", bytes: onboarding, takes: "json" },
  { path: "/onboard/status/:mobile", methods: READ, kind: "plain", bytes: 0 },
  { path: "/onboarding/status/:mobile", methods: READ, kind: "plain", bytes: 0 },
  { path: "/onboard/:id", ...FOLLOWED, kind: "plain", bytes: 0 },
  { path: "/onboard/:id/events", ...FOLLOWED, kind: "plain", bytes: 0 },
  { path: "/onboard/:id/cancel", methods: ["POST"], kind: "plain", bytes: onboarding },
  { path: "/v", methods: [...READ, "POST"], kind: "page", bytes: onboarding, takes: "form" },
  { path: "/v/assets/:name", methods: READ, kind: "page", bytes: 0 },
  { path: "/v/:link", methods: READ, kind: "page", bytes: 0 },
  { path: "/v/:link/qr.svg", methods: READ, kind: "page", bytes: 0 },
  { path: "/v/:link/sms-qr.svg", methods: READ, kind: "page", bytes: 0 },
  { path: "/v/:link/again", methods: ["POST"], kind: "page", bytes: onboarding },
  { path: "/v/:link/cancel", methods: ["POST"], kind: "page", bytes: onboarding },
  { path: "/v/:link/event", methods: ["POST"], kind: "page", bytes: onboarding },
  { path: "/embed.js", methods: READ, kind: "plain", bytes: 0 },
  { path: "/status", ...FOLLOWED, kind: "status", bytes: 0 },
  // People type a slash at the end, apps add one, and an address that ends with one is put before the path.
  { path: "/sms/receive", methods: ["POST"], ...DELIVERED },
  { path: "/sms/receive/", methods: ["POST"], ...DELIVERED },
  { path: "//sms/receive", methods: ["POST"], ...DELIVERED },
  { path: "/sms/receive/:format", methods: [...READ, "POST"], ...DELIVERED },
  { path: "/sms/receive/:format/", methods: [...READ, "POST"], ...DELIVERED },
  { path: "//sms/receive/:format", methods: [...READ, "POST"], ...DELIVERED },
  { path: "/sms/receive//:format", methods: [...READ, "POST"], ...DELIVERED },
  { path: "/receivers/heartbeat", methods: ["POST"], kind: "plain", bytes: onboarding },
];
