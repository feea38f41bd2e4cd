/** The words of the API as the bridge describes them (openapi.json), under names that an app reads. */

import type { components } from "./generated/openapi.js";

type Schemas = components["schemas"];

/** Who registers. */
export type Registration = Schemas["RegisterRequest"];
/** What they are to send, where, and until when. */
export type Registered = Schemas["RegisterResponse"];
/** `pending` is the only one that an SMS does not end; `expired` and `failed` may still become `validated`. */
export type Status = "pending" | "validated" | "failed" | "expired" | "cancelled" | "superseded";
/** How an onboarding stands. */
export type OnboardingStatus = Omit<Schemas["OnboardingStatus"], "status"> & { status: Status };
/** Whether registrations are taken. */
export type BridgeState = Schemas["BridgeStatus"];
/** The kind of a problem as a stable word. */
export type Code = Schemas["Code"];
/** A field that is to blame, and why. */
export type ProblemField = Schemas["ProblemField"];

/** Which onboarding is meant: a registration's answer will do. With a token no API key is needed. */
export interface Handle {
  onboarding_id: string;
  token?: string;
}
