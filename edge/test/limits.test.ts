import { beforeEach, describe, expect, it } from "vitest";
import { canonical, limitKey } from "../src/pure/client";
import { count, HOUR, MINUTE } from "../src/pure/window";
import { FakeBridge, REFUSES, said } from "./bridge";
import { edgeWith, look, registration, tellRefusals } from "./edge";

let bridge: FakeBridge;
beforeEach(() => {
  bridge = new FakeBridge();
});

describe("an address", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:DB8::7", "2001:db8::7"],
    ["2001:db8:0:0:0:0:0:7", "2001:db8::7"],
    ["::1", "::1"],
    ["999.1.1.1", null],
    ["unknown", null],
    ["", null],
    ["1:2:3", null],
    ["[::1]", null],
  ])("%s is written as %s", (address, written) => {
    expect(canonical(address)).toBe(written);
  });

  it("of IPv6 is counted as its network of 64 bits", () => {
    expect(limitKey("2001:db8:0:1::7")).toBe(limitKey("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    expect(limitKey("2001:db8:0:1::7")).not.toBe(limitKey("2001:db8:0:2::7"));
    expect(limitKey("::1")).toBe("0:0:0:0::/64");
    expect(limitKey("203.0.113.9")).toBe("203.0.113.9");
  });
});

describe("the window", () => {
  const limits = { perMinute: 2, perHour: 3 };
  const oneMore = (times: number[], now: number) => count(times, now, limits);

  it("lets in as many as are allowed, and says when the next one is", () => {
    const first = oneMore([], 0);
    const second = oneMore(first.times, 1_000);
    expect([first.retryAfter, second.retryAfter]).toEqual([null, null]);
    expect(oneMore(second.times, 2_000)).toEqual({ times: [0, 1_000], retryAfter: 58 });
    const third = oneMore(second.times, MINUTE);
    expect(third.retryAfter).toBeNull();
    expect(oneMore(third.times, 3 * MINUTE).retryAfter).toBe(57 * 60);
    expect(oneMore(third.times, HOUR).retryAfter).toBeNull();
  });

  it("does not count what it refused: waiting always helps", () => {
    let times = [0, 0];
    for (let now = 1_000; now < MINUTE; now += 1_000) {
      times = oneMore(times, now).times;
    }
    expect(oneMore(times, MINUTE).retryAfter).toBeNull();
  });

  it("locks nobody out when the clock goes back", () => {
    expect(oneMore([HOUR, HOUR, HOUR], 0).retryAfter).toBeNull();
  });
});

describe("registrations", () => {
  it("of twenty addresses at fifty requests each, all at once: each gets exactly its number", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "7" });
    const addresses = Array.from({ length: 20 }, (_, n) => (n < 10 ? `192.0.2.${n}` : `2001:db8:0:${n}::`));
    const all = addresses.flatMap((address) =>
      Array.from({ length: 50 }, async (_, n) => {
        const from = address.endsWith("::") ? `${address}${n + 1}` : address;
        return { address, status: (await edge.ask("/onboard/register", { ...registration(), from })).status };
      }),
    );
    const answers = await Promise.all(all);
    for (const address of addresses) {
      const statuses = answers.filter((one) => one.address === address).map(({ status }) => status);
      expect(
        statuses.filter((status) => status === 200),
        address,
      ).toHaveLength(7);
      expect(
        statuses.filter((status) => status === 429),
        address,
      ).toHaveLength(43);
    }
    expect(bridge.requests()).toHaveLength(140);
  }, 30_000);

  it("that are too many are told so in the bridge's words", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    const ask = () => edge.ask("/onboard/register", { ...registration(), from: "192.0.2.30" });
    await ask();
    const response = await ask();
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(await response.json()).toMatchObject({
      type: "urn:sms-bridge:problem:too_many_registrations",
      status: 429,
      code: "too_many_registrations",
    });
  });

  it("of the page, and again for the same person, count as well", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "3" });
    const form = {
      method: "POST",
      body: "a=b",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    };
    const ask = async (path: string) => (await edge.ask(path, { ...form, from: "192.0.2.31" })).status;
    const paths = ["/v", "/v/id.token/again", "/v", "/v/id.token/cancel", "/v", "/v/id.token/again"];
    const statuses = [];
    for (const path of paths) {
      statuses.push(await ask(path));
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });

  it("of one's own app servers are not limited", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1", APP_SERVERS: "192.0.2.32 2001:db8:9::1" });
    for (const from of ["192.0.2.32", "192.0.2.32", "2001:db8:9::1", "2001:db8:9::1"]) {
      expect((await edge.ask("/onboard/register", { ...registration(), from })).status).toBe(200);
    }
  });

  it("of one's own app servers say nothing of where their users are", async () => {
    const edge = edgeWith({ APP_SERVERS: "192.0.2.132" });
    for (const [from, told] of [
      ["192.0.2.132", "192.0.2.132 XX"],
      ["192.0.2.134", "192.0.2.134 DE"],
    ] as const) {
      await edge.ask("/onboard/register", { ...registration(), from, country: "DE" });
      expect(bridge.requests().at(-1)?.headers.get("x-edge-client")).toBe(told);
    }
  });

  it("that cannot succeed do not count", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    const ask = (init: RequestInit) => edge.ask("/onboard/register", { ...init, from: "192.0.2.33" });
    expect((await ask({ ...registration(), body: "x".repeat(20_000) })).status).toBe(413);
    expect((await ask(registration())).status).toBe(200);
  });

  it("have a short name for the hour too", async () => {
    const edge = edgeWith({ PER_HOUR: "2" });
    const ask = async () =>
      (await edge.ask("/onboard/register", { ...registration(), from: "192.0.2.34" })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
  });
});

describe("deliveries of SMS", () => {
  it("have a limit of their own", async () => {
    const edge = edgeWith(
      { REGISTRATIONS_PER_MINUTE: "1" },
      { maySendSms: async (key) => key !== "192.0.2.41" },
    );
    const ask = (from: string) => edge.ask("/sms/receive", { method: "POST", body: "{}", from });
    for (let n = 0; n < 5; n += 1) {
      expect((await ask("192.0.2.40")).status).toBe(200);
    }
    const response = await ask("192.0.2.41");
    expect([response.status, response.headers.has("retry-after")]).toEqual([429, true]);
  });
});

describe("what is refused", () => {
  it("is told to the bridge in one batch, with number, address and place", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    const from = "192.0.2.50";
    for (let n = 0; n < 4; n += 1) {
      await edge.ask("/onboard/register", { ...registration(), from, country: "PK" });
    }
    await edge.ask("/onboard/register", { method: "GET", from, country: "PK" });
    await tellRefusals(from);
    const [batch, ...more] = bridge.requests("/edge/refusals");
    expect(more).toHaveLength(0);
    expect(batch?.headers.has("x-edge-signature")).toBe(true);
    const { refusals } = JSON.parse(batch?.text ?? "{}");
    expect(refusals).toMatchObject([
      {
        reason: "too_many_registrations",
        mobile_number: "+919876543210",
        address: from,
        country: "PK",
        count: 3,
      },
      { reason: "method_not_allowed", mobile_number: "", address: from, count: 1 },
    ]);
    await tellRefusals(from);
    expect(bridge.requests("/edge/refusals")).toHaveLength(1);
  });

  it("waits while the bridge is away", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    const from = "192.0.2.51";
    const ask = () => edge.ask("/onboard/register", { ...registration(), from });
    await ask();
    await ask();
    bridge.answering = REFUSES;
    await tellRefusals(from);
    bridge.answering = (heard) => said(heard, { kept: 1 });
    await tellRefusals(from);
    const batches = bridge
      .requests("/edge/refusals")
      .map(({ text }) => JSON.parse(text).refusals[0]?.address);
    expect(batches).toEqual([from, from]);
    await tellRefusals(from);
    expect(bridge.requests("/edge/refusals")).toHaveLength(2);
  });

  it("of one who tries number after number: some, and how many", async () => {
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    const from = "192.0.2.52";
    for (let n = 0; n < 101; n += 1) {
      await edge.ask("/onboard/register", {
        ...registration({ mobile_number: `+9198765${10_000 + n}` }),
        from,
      });
    }
    await tellRefusals(from);
    const { refusals } = JSON.parse(bridge.requests("/edge/refusals")[0]?.text ?? "{}");
    expect(refusals.length).toBeLessThanOrEqual(20);
    expect(refusals.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(100);
  });
});

describe("blocked e-mail addresses", () => {
  it("are refused at the edge once the box was asked, in any spelling", async () => {
    const { emailHash } = await import("../src/pure/email");
    const hash = await emailHash("edge-secret-of-the-tests-0001", "mallory@example.com");
    let etag = '"one"';
    bridge.answering = (heard) => {
      if (heard.url.pathname !== "/edge/blocklist") {
        return said(heard, {});
      }
      if (heard.headers.get("if-none-match") === etag) {
        return said(heard, null, { status: 200, headers: { ETag: etag } });
      }
      const addresses = etag === '"one"' ? [hash] : [];
      return said(heard, { ignore_tags: false, addresses }, { headers: { ETag: etag } });
    };
    await look();
    const edge = edgeWith();
    const ask = (email: string) =>
      edge.ask("/onboard/register", { ...registration({ email }), from: "192.0.2.60" });
    const response = await ask(" Mallory@EXAMPLE.com. ");
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: "email_blocked" });
    expect((await ask("alice@example.com")).status).toBe(200);
    etag = '"two"';
    await look();
    expect((await ask("mallory@example.com")).status).toBe(200);
  });
});
