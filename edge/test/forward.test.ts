import { beforeEach, describe, expect, it } from "vitest";
import { hmac, signedText } from "../src/pure/sign";
import { answer200, BAD_GATEWAY, CUT, FakeBridge, HALF, HANGS, REFUSES, said } from "./bridge";
import { edgeWith, passing, registration } from "./edge";

const SECRET = "edge-secret-of-the-tests-0001";
let bridge: FakeBridge;
beforeEach(() => {
  bridge = new FakeBridge();
  bridge.looks = answer200;
});

describe("what exists", () => {
  it.each([
    ["POST", "/onboard/register", 200],
    ["POST", "/onboarding/register", 200],
    ["GET", "/onboard/0190a1b2-0000-7000-8000-000000000001?wait=25", 200],
    ["GET", "/onboard/0190a1b2-0000-7000-8000-000000000001/events", 200],
    ["POST", "/onboard/0190a1b2-0000-7000-8000-000000000001/cancel", 200],
    ["GET", "/onboard/status/+919876543210", 200],
    ["GET", "/onboarding/status/+919876543210", 200],
    ["GET", "/v", 200],
    ["GET", "/v/id.token", 200],
    ["GET", "/v/id.token/qr.svg", 200],
    ["GET", "/embed.js", 200],
    ["GET", "/status", 200],
    ["POST", "/sms/receive", 200],
    ["POST", "/sms/receive/", 200],
    ["POST", "/sms/receive/twilio", 200],
    ["GET", "/sms/receive/kannel?from=1", 200],
    ["POST", "/receivers/heartbeat", 200],
    ["GET", "/onboard/register", 405],
    ["PUT", "/onboard/0190a1b2-0000-7000-8000-000000000001", 405],
    ["GET", "/sms/receive", 405],
    ["GET", "/sms/receive/smsgate", 405],
    ["DELETE", "/status", 405],
    ["GET", "/", 404],
    ["GET", "/admin", 404],
    ["GET", "/admin/settings", 404],
    ["GET", "/metrics", 404],
    ["GET", "/docs", 404],
    ["GET", "/openapi.json", 404],
    ["GET", "/health", 404],
    ["GET", "/readyz", 404],
    ["POST", "/sms/import", 404],
    ["POST", "/edge/refusals", 404],
    ["GET", "/edge/blocklist", 404],
    ["GET", "/onboard/../admin", 404],
    ["GET", "/v/%2e%2e/admin", 404],
    ["GET", "//admin", 404],
    ["POST", "//sms/receive", 200],
    ["POST", "//sms/receive/twilio", 200],
    ["POST", "/sms/receive//twilio", 200],
    ["GET", "//sms/receive/kannel?from=1", 200],
    ["GET", "//sms/receive", 405],
    ["POST", "//sms/import", 404],
    ["POST", "///sms/receive", 404],
    ["POST", "//sms//receive", 404],
    ["POST", "//receivers/heartbeat", 404],
    ["GET", "/onboard/a/b", 404],
    ["GET", "/onboard/a/events/b", 404],
    ["GET", "/onboarding/a", 404],
    ["GET", "/onboard/a/cancel", 405],
    ["POST", "/onboard/status/+919876543210", 405],
    ["GET", "/validated", 404],
    ["GET", "/sms/receivers", 404],
  ])("%s %s is answered with %i", async (method, path, status) => {
    const type = { "Content-Type": path === "/v" ? "application/x-www-form-urlencoded" : "application/json" };
    const init = method === "POST" ? { method, body: "{}", headers: type } : { method };
    const response = await edgeWith().ask(path, { ...init, from: `198.51.100.${status % 250}` });
    expect(response.status).toBe(status);
    expect(bridge.requests()).toHaveLength(status === 200 ? 1 : 0);
    if (status !== 200) {
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const problem = await response.json<Record<string, unknown>>();
      expect(problem).toMatchObject({ status, type: `urn:sms-bridge:problem:${problem.code}` });
      expect(problem.request_id).toBe(response.headers.get("x-request-id"));
    }
  });
});

describe("what the bridge gets", () => {
  it("is signed, and holds nothing that the client said of itself", async () => {
    await edgeWith().ask("/onboard/register?a=%2Fb", {
      ...registration(),
      from: "2001:DB8:0::7",
      country: "DE",
      headers: {
        "Content-Type": "application/json",
        Authorization: "Bearer key",
        "X-Edge-Client": "10.0.0.1 XX",
        "X-Edge-Received": "1",
        "X-Edge-Signature": "forged",
        "X-Forwarded-For": "10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        Forwarded: "for=10.0.0.1",
      },
    });
    const [heard] = bridge.requests();
    expect(heard).toBeDefined();
    const header = (name: string) => heard?.headers.get(name) ?? "";
    expect(header("authorization")).toBe("Bearer key");
    expect(header("x-edge-client")).toBe("2001:db8::7 DE");
    expect(header("x-edge-id")).toMatch(/^[0-9a-f]{32}$/);
    expect(Math.abs(Number(header("x-edge-time")) - Date.now() / 1000)).toBeLessThan(5);
    expect(header("x-forwarded-host")).toBe("verify.test");
    for (const gone of ["x-edge-received", "x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip"]) {
      expect(heard?.headers.has(gone), gone).toBe(false);
    }
    const text = await signedText({
      method: "POST",
      target: "/onboard/register?a=%2Fb",
      time: Number(header("x-edge-time")),
      id: header("x-edge-id"),
      client: header("x-edge-client"),
      body: heard?.body ?? new Uint8Array(),
    });
    expect(header("x-edge-signature")).toBe(await hmac(SECRET, text));
  });

  it.each(["//sms/receive?a=1", "//sms/receive/twilio", "/sms/receive//twilio?a=%2Fb"])(
    "is asked and signed at %s as it came, of the bridge and nobody else",
    async (path) => {
      const init = { method: "POST", body: "{}", from: "198.51.100.83" };
      expect((await edgeWith().ask(path, init)).status).toBe(200);
      const [heard] = bridge.requests();
      expect(heard?.url.href).toBe(`https://bridge.test${path}`);
      const header = (name: string) => heard?.headers.get(name) ?? "";
      const text = await signedText({
        method: "POST",
        target: path,
        time: Number(header("x-edge-time")),
        id: header("x-edge-id"),
        client: header("x-edge-client"),
        body: heard?.body ?? new Uint8Array(),
      });
      expect(header("x-edge-signature")).toBe(await hmac(SECRET, text));
    },
  );

  it("has another id each time", async () => {
    const edge = edgeWith();
    await edge.ask("/status");
    await edge.ask("/status");
    const ids = bridge.requests().map(({ headers }) => headers.get("x-edge-id"));
    expect(new Set(ids).size).toBe(2);
  });

  it("is asked through Access where its host name is behind Access", async () => {
    await edgeWith({ ACCESS_CLIENT_ID: "id.access", ACCESS_CLIENT_SECRET: "s" }).ask("/status");
    expect(bridge.requests()[0]?.headers.get("cf-access-client-id")).toBe("id.access");
  });
});

describe("what the client gets", () => {
  it("is the bridge's answer as it is", async () => {
    bridge.answering = (heard) => said(heard, { a: 1 }, { status: 409, headers: { "X-Own": "yes" } });
    const response = await edgeWith().ask("/onboard/register", { ...registration(), from: "198.51.100.77" });
    expect(response.status).toBe(409);
    expect(response.headers.get("x-own")).toBe("yes");
    expect(await response.json()).toEqual({ a: 1 });
  });

  it("is a stream where the bridge streams", async () => {
    bridge.answering = (heard) => {
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode("event: status\n\n"));
      const id = heard.headers.get("x-request-id") ?? "";
      return new Response(readable, { headers: { "Content-Type": "text/event-stream", "X-Request-Id": id } });
    };
    const response = await edgeWith().ask("/onboard/0190a1b2-0000-7000-8000-000000000001/events");
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).toContain("event: status");
  });

  it("keeps its own request id where it is a sensible one", async () => {
    const given = await edgeWith().ask("/status", { headers: { "X-Request-Id": "mine-1" } });
    expect(given.headers.get("x-request-id")).toBe("mine-1");
    const odd = await edgeWith().ask("/status", { headers: { "X-Request-Id": "a b" } });
    expect(odd.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("bodies", () => {
  const json = { "Content-Type": "application/json" };
  it.each([
    [
      "too large for a registration",
      "/onboard/register",
      "x".repeat(16 * 1024 + 1),
      json,
      413,
      "body_too_large",
    ],
    [
      "a form where JSON is due",
      "/onboard/register",
      "a=1",
      { "Content-Type": "text/plain" },
      415,
      "unsupported_media_type",
    ],
    ["JSON where a form is due", "/v", "{}", json, 415, "unsupported_media_type"],
    ["too large for an SMS", "/sms/receive", "x".repeat(1024 * 1024 + 1), json, 413, "body_too_large"],
    [
      "too large for a heartbeat",
      "/receivers/heartbeat",
      "x".repeat(16 * 1024 + 1),
      json,
      413,
      "body_too_large",
    ],
  ])("%s: refused before the tunnel is touched", async (_, path, body, headers, status, code) => {
    const response = await edgeWith().ask(path, { method: "POST", body, headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(bridge.requests()).toHaveLength(0);
  });

  it.each([
    ["an address", `/sms/receive?a=${"x".repeat(9_000)}`, {}],
    ["a header", "/sms/receive", { "X-Long": "x".repeat(17_000) }],
    [
      "many headers",
      "/sms/receive",
      Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`X-${n}`, "1"])),
    ],
  ])("%s that no server would take is refused, not kept", async (_, path, headers) => {
    bridge.answering = REFUSES;
    const response = await edgeWith({ EDGE_SPOOL: "on" }).ask(path, { method: "POST", body: "{}", headers });
    expect(response.status).toBe(400);
  });

  it("that do not say how long they are: cut off at the limit", async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(8 * 1024)),
    });
    const response = await edgeWith().ask("/onboard/register", { method: "POST", body, headers: json });
    expect(response.status).toBe(413);
  });
});

describe("a bridge that is away", () => {
  it.each([
    ["refuses", REFUSES],
    ["answers 502 with HTML", BAD_GATEWAY],
    ["is somebody else's page", () => new Response("<html>log in</html>", { status: 200 })],
  ])("%s: registration is paused", async (_, answering) => {
    bridge.answering = answering;
    const edge = edgeWith();
    const response = await edge.ask("/onboard/register", { ...registration(), from: "198.51.100.78" });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    const problem = await response.json<Record<string, string>>();
    expect(problem).toMatchObject({
      code: "onboarding_paused",
      title: "Mobile onboarding is currently paused",
    });
    expect(Date.parse(problem.since ?? "")).not.toBeNaN();
    const status = await (await edge.ask("/status")).json();
    expect(status).toMatchObject({ onboarding: "paused", since: expect.any(String) });
    const other = await edge.ask("/receivers/heartbeat", { method: "POST", body: "{}" });
    expect(other.status).toBe(503);
    expect(await other.json()).toMatchObject({ code: "unavailable" });
  });

  it.each([
    ["hangs", HANGS, "198.51.100.79"],
    ["hangs half way through its answer", HALF, "198.51.100.81"],
  ])("%s: the client is told after eight seconds", async (_, answering, from) => {
    bridge.answering = answering;
    const edge = edgeWith();
    const ask = () => edge.ask("/onboard/register", { ...registration(), from });
    expect((await passing(8_000, ask)).status).toBe(503);
    const page = await passing(8_000, () => edge.ask("/v/id.token"));
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('id="paused"')]);
  });

  it("is cut off half way through its answer: nobody gets half of it", async () => {
    bridge.answering = CUT;
    const response = await edgeWith().ask("/onboard/register", { ...registration(), from: "198.51.100.82" });
    expect([response.status, await response.json()]).toMatchObject([503, { code: "onboarding_paused" }]);
  });
});

describe("a Worker that is not set up", () => {
  it.each([
    ["no secret", { EDGE_SECRET: "" }, "EDGE_SECRET"],
    ["a secret that can be guessed", { EDGE_SECRET: "short" }, "EDGE_SECRET"],
    ["no bridge", { BRIDGE_URL: "bridge" }, "BRIDGE_URL"],
    ["a limit that is none", { REGISTRATIONS_PER_MINUTE: "many" }, "REGISTRATIONS_PER_MINUTE"],
    ["a switch that is neither", { EDGE_SPOOL: "yes" }, "EDGE_SPOOL"],
    ["Supabase without a key", { SUPABASE_ONBOARDING: "on", SUPABASE_URL: "https://x.test" }, "SUPABASE_KEY"],
    ["an app server that is no address", { APP_SERVERS: "app.example.org" }, "APP_SERVERS"],
  ])("says which variable is wrong: %s", (_, variables, name) => {
    expect(() => edgeWith(variables)).toThrow(name);
  });
});

describe("the log", () => {
  it("holds no number, e-mail address, token, text or address", async () => {
    const edge = edgeWith({ EDGE_SPOOL: "on" });
    const ask = (path: string, init?: RequestInit) => edge.ask(path, { ...init, from: "198.51.100.80" });
    await ask("/onboard/register", registration({ email: "user@example.com" }));
    await ask("/v/0190a1b2.tokentoken");
    await ask("/status", { headers: { "X-Request-Id": "+919876543210/user@example.com" } });
    await ask("/onboard/0190a1b2-0000-7000-8000-000000000001?token=tokentoken");
    bridge.answering = REFUSES;
    await ask("/sms/receive/smssync?apiKey=key123", {
      method: "POST",
      body: "from=%2B919876543210&message=ONBOARD",
    });
    const text = JSON.stringify(edge.lines);
    expect(edge.lines.length).toBeGreaterThan(3);
    for (const personal of [
      "9876543210",
      "user@example.com",
      "tokentoken",
      "ONBOARD:",
      "198.51.100.80",
      "key123",
    ]) {
      expect(text).not.toContain(personal);
    }
  });
});
