// What others sign by Standard Webhooks is believed, and nothing else.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookRefused } from "../src/index.js";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY = JSON.stringify({
  type: "onboarding.validated",
  timestamp: "2026-01-31T12:00:00.000Z",
  data: { mobile_number: "+919876543210", metadata: { order: 7 }, name: "अ" },
});
const now = Date.now();

function signed(body = BODY, secret = SECRET, at = now): Record<string, string> {
  const time = new Date(at);
  return {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at / 1_000)),
    "webhook-signature": new Webhook(secret).sign("evt_1", time, body),
  };
}

describe("a webhook", () => {
  it("is believed as it came, whatever holds its headers and its body", async () => {
    const headers = signed();
    const event = await verifyWebhook({ secret: SECRET, headers, body: BODY });
    assert.deepEqual(
      [event.id, event.type, event.data.mobile_number],
      ["evt_1", "onboarding.validated", "+919876543210"],
    );
    const body = new TextEncoder().encode(BODY);
    await verifyWebhook({ secret: [OTHER, SECRET], headers: new Headers(headers), body });
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    await verifyWebhook({ secret: SECRET, headers: upper, body });
  });

  it("may be signed by two secrets, while one is rotated", async () => {
    const both = `${signed(BODY, OTHER)["webhook-signature"]} ${signed()["webhook-signature"]} v1a,c2ln v1,%%`;
    await verifyWebhook({ secret: SECRET, headers: { ...signed(), "webhook-signature": both }, body: BODY });
  });

  const refused: [string, string, Partial<Parameters<typeof verifyWebhook>[0]>][] = [
    ["another secret", "wrong_signature", { secret: OTHER }],
    ["another body", "wrong_signature", { body: BODY.replace("7", "8") }],
    ["another id", "wrong_signature", { headers: { ...signed(), "webhook-id": "evt_2" } }],
    [
      "another time",
      "wrong_signature",
      { headers: { ...signed(), "webhook-timestamp": String(Math.floor(now / 1_000) - 1) } },
    ],
    ["no signature", "missing_headers", { headers: {} }],
    ["a time that is none", "missing_headers", { headers: { ...signed(), "webhook-timestamp": "1e9" } }],
    ["an empty signature", "missing_headers", { headers: { ...signed(), "webhook-signature": "" } }],
    [
      "a signature of another kind",
      "wrong_signature",
      { headers: { ...signed(), "webhook-signature": "v1a,AAAA" } },
    ],
    ["an old message", "too_old", { now: now + 301_000 }],
    ["a message of tomorrow", "too_new", { now: now - 302_000 }],
    ["a signed body that is no event", "unreadable", { headers: signed("[]"), body: "[]" }],
    ["a signed body that is no JSON", "unreadable", { headers: signed("{"), body: "{" }],
  ];
  for (const [what, code, change] of refused) {
    it(`with ${what} is refused`, async () => {
      const verifying = verifyWebhook({ secret: SECRET, headers: signed(), body: BODY, now, ...change });
      await assert.rejects(verifying, (error) => error instanceof WebhookRefused && error.code === code);
    });
  }

  it("needs a secret that is one", async () => {
    await assert.rejects(verifyWebhook({ secret: "whsec_", headers: signed(), body: BODY }), TypeError);
  });
});
