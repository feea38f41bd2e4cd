/** What an app needs of an SMS Bridge. Runs in browsers, Node, Deno, Bun and workers; depends on nothing. */

export { type Following, SmsBridge, type SmsBridgeOptions } from "./client.js";
export type { Patience } from "./follow.js";
export { BridgeProblem } from "./problem.js";
export { MobileValidated, type Store } from "./remembered.js";
export type { BridgeState, Handle, OnboardingStatus, Registered, Registration, Status } from "./types.js";
export { type VerifyOptions, verifyWebhook, type WebhookEvent, WebhookRefused } from "./webhook.js";
