// One user, played with the types that openapi-typescript makes: registers, sends the SMS, is validated.

import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: Record<string, string> };

const { BRIDGE_URL: baseUrl, API_KEY, RECEIVER_KEY } = process.env;
const of = (key: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const [app, phone] = [of(API_KEY), of(RECEIVER_KEY)];
const mobile_number = "+919876500002";

const registered = await app.POST("/onboard/register", {
  body: { mobile_number, email: "ts@example.com", device_id: "ts", client_ip: "203.0.113.8" },
});
if (!registered.data) throw new Error(JSON.stringify(registered.error));
const { onboarding_id, sms_body } = registered.data;

const judged = await phone.POST("/sms/receive", {
  body: { mobile_number, sms_message: sms_body, received_timestamp: new Date().toISOString() },
});
if (!judged.data || !("validation_status" in judged.data) || judged.data.validation_status !== "passed") {
  throw new Error(JSON.stringify(judged));
}

const status = await app.GET("/onboard/{onboarding_id}", { params: { path: { onboarding_id } } });
if (status.data?.status !== "validated") throw new Error(JSON.stringify(status));
console.log("a client in TypeScript: one user validated");
