import { beforeEach, describe, expect, it } from "vitest";
import { widen } from "../src/handlers/widget";
import { answer200, FakeBridge, type Heard, said } from "./bridge";
import { edgeWith, registration } from "./edge";

let bridge: FakeBridge;
beforeEach(() => {
  bridge = new FakeBridge();
  bridge.looks = answer200;
});

describe("Turnstile", () => {
  const on = { TURNSTILE_SECRET: "turnstile-secret", TURNSTILE_SITE_KEY: "1x0000" };
  const verifies = (success: boolean | null) => (heard: Heard) => {
    if (heard.url.hostname !== "challenges.cloudflare.com") {
      return said(heard, { status: "success" }, { status: 201 });
    }
    return success === null ? null : Response.json({ success });
  };

  it.each([
    ["no token", true, {}, 403],
    ["a token that is none", false, { "CF-Turnstile-Response": "t" }, 403],
    ["a good token", true, { "CF-Turnstile-Response": "t" }, 201],
    ["a token, and Turnstile itself away", null, { "CF-Turnstile-Response": "t" }, 201],
  ])("asked for with %s", async (_, success, headers, status) => {
    bridge.answering = verifies(success);
    const { method = "", body = null } = registration();
    const init = { method, body, headers: { "Content-Type": "application/json", ...headers } };
    const response = await edgeWith(on).ask("/onboard/register", {
      ...init,
      from: `192.0.2.${status % 250}`,
    });
    expect(response.status).toBe(status);
    expect(bridge.requests("/onboard/register")).toHaveLength(status === 201 ? 1 : 0);
  });

  it("takes its token from the body too, and tells Turnstile the address", async () => {
    bridge.answering = verifies(true);
    const init = registration({ "cf-turnstile-response": "token" });
    await edgeWith(on).ask("/onboard/register", { ...init, from: "192.0.2.90" });
    const asked = bridge.heard.find(({ url }) => url.hostname === "challenges.cloudflare.com");
    expect(Object.fromEntries(new URLSearchParams(asked?.text))).toEqual({
      secret: "turnstile-secret",
      response: "token",
      remoteip: "192.0.2.90",
    });
  });

  it("is asked for where the operator says", async () => {
    bridge.answering = verifies(true);
    const edge = edgeWith({ ...on, TURNSTILE_ROUTES: "v" });
    expect((await edge.ask("/onboard/register", { ...registration(), from: "192.0.2.91" })).status).toBe(201);
  });

  it("stands in the form of the page", async () => {
    bridge.answering = (heard) =>
      new Response('<html><head></head><body><form method="post"><input></form></body></html>', {
        headers: {
          "Content-Type": "text/html",
          "Content-Security-Policy": "default-src 'none'; script-src 'self'; form-action 'self'",
          "X-Request-Id": heard.headers.get("x-request-id") ?? "",
        },
      });
    const response = await edgeWith(on).ask("/v");
    const html = await response.text();
    expect(html).toContain('<form method="post"><div class="cf-turnstile" data-sitekey="1x0000"></div>');
    expect(html).toContain('<script src="https://challenges.cloudflare.com/turnstile/v0/api.js"');
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; form-action 'self'; script-src 'self' https://challenges.cloudflare.com; " +
        "frame-src https://challenges.cloudflare.com",
    );
    expect(await (await edgeWith().ask("/v")).text()).not.toContain("turnstile");
  });

  it("takes the place of none in a policy", () => {
    expect(widen("script-src 'none'")).toBe(
      "script-src https://challenges.cloudflare.com; frame-src https://challenges.cloudflare.com",
    );
  });
});

describe("Supabase", () => {
  const on = {
    SUPABASE_ONBOARDING: "on",
    SUPABASE_URL: "https://project.supabase.test",
    SUPABASE_KEY: "key-1",
  };
  const registered = {
    onboarding_id: "0190a1b2-0000-7000-8000-000000000001",
    mobile_number: "+919876543210",
    generated_at: "2026-01-31T12:00:00.000Z",
    user_deadline: "2026-01-31T12:05:00.000Z",
    hash: "not to be told",
    token: "not to be told",
  };

  it.each([
    ["takes it", 201],
    ["refuses it", 403],
    ["is away", null],
  ])("%s: the registration is answered all the same", async (_, status) => {
    bridge.answering = (heard) => {
      if (heard.url.hostname === "project.supabase.test") {
        return status === null ? null : new Response(null, { status });
      }
      return said(heard, registered, { status: 201 });
    };
    const edge = edgeWith(on);
    const init = registration({ email: "user@example.com", device_id: "d1" });
    const response = await edge.ask("/onboard/register", { ...init, from: "192.0.2.95" });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual(registered);
    const [written] = bridge.requests("/rest/v1/onboarding_users");
    expect(written?.headers.get("apikey")).toBe("key-1");
    expect(JSON.parse(written?.text ?? "")).toEqual({
      onboarding_id: registered.onboarding_id,
      mobile_number: "+919876543210",
      email: "user@example.com",
      device_id: "d1",
      country: "IN",
      registered_at: registered.generated_at,
      user_deadline: registered.user_deadline,
    });
    expect(edge.lines.some(({ event }) => event === "supabase_failed")).toBe(status !== 201);
  });

  it("is not told of a registration that was refused, nor when it is off", async () => {
    bridge.answering = (heard) => said(heard, {}, { status: 409 });
    await edgeWith(on).ask("/onboard/register", { ...registration(), from: "192.0.2.96" });
    bridge.answering = (heard) => said(heard, registered, { status: 201 });
    await edgeWith().ask("/onboard/register", { ...registration(), from: "192.0.2.96" });
    expect(bridge.requests("/rest/v1/onboarding_users")).toHaveLength(0);
  });
});
