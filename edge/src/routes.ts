/** Every address that exists at the edge. What is not in this list does not exist: no desk, no metrics, no docs. */

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
}

const READ = ["GET", "HEAD"] as const;
const { onboarding, sms } = contract.bytes;

/** The first that fits counts. */
export const ROUTES: readonly Route[] = [
  { path: "/onboard/register", methods: ["POST"], kind: "register", bytes: onboarding, takes: "json" },
  { path: "/onboarding/register", methods: ["POST"], kind: "register", bytes: onboarding, takes: "json" },
  { path: "/onboard/*", methods: [...READ, "POST", "OPTIONS"], kind: "plain", bytes: onboarding },
  { path: "/onboarding/*", methods: [...READ, "OPTIONS"], kind: "plain", bytes: onboarding },
  { path: "/v", methods: [...READ, "POST"], kind: "page", bytes: onboarding, takes: "form" },
  { path: "/v/*", methods: [...READ, "POST"], kind: "page", bytes: onboarding },
  { path: "/embed.js", methods: READ, kind: "plain", bytes: 0 },
  { path: "/status", methods: [...READ, "OPTIONS"], kind: "status", bytes: 0 },
  { path: "/sms/receive", methods: ["POST"], kind: "sms", bytes: sms },
  { path: "/sms/receive/", methods: ["POST"], kind: "sms", bytes: sms },
  { path: "/sms/receive/:format", methods: ["GET", "POST"], kind: "sms", bytes: sms },
  { path: "/sms/receive/:format/", methods: ["GET", "POST"], kind: "sms", bytes: sms },
  { path: "/receivers/heartbeat", methods: ["POST"], kind: "plain", bytes: onboarding },
];
