/** What a person's browser is told by the edge itself, and what a program is. */

import { createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { Env } from "../src/env";
import { LANGUAGES } from "../src/pure/language";
import { answer200, FakeBridge, REFUSES } from "./bridge";
import { edgeWith, look, worker } from "./edge";

let bridge: FakeBridge;
beforeEach(async () => {
  bridge = new FakeBridge();
  await look();
});

const BROWSER = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "ur,en;q=0.5" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const form = (headers: Record<string, string> = {}) => ({
  method: "POST",
  body: "mobile_number=1",
  headers: { ...BROWSER, ...FORM, ...headers },
});

let lastAddress = 0;
/** Somebody whose next registration is one too many. */
async function limited(limits: Record<string, string> = { REGISTRATIONS_PER_MINUTE: "1" }) {
  lastAddress += 1;
  const from = `192.0.2.${100 + lastAddress}`;
  const edge = edgeWith(limits);
  await edge.ask("/v", { ...form(), from });
  return (path: string, headers: Record<string, string> = {}) => edge.ask(path, { ...form(headers), from });
}

describe("a person who is limited", () => {
  it.each(Object.keys(LANGUAGES))("gets a page in %s that says when to try again", async (language) => {
    const ask = await limited();
    const response = await ask(`/v?lang=${language}`);
    const html = await response.text();
    const seconds = Number(response.headers.get("retry-after"));
    expect([response.status, response.headers.get("content-type")]).toEqual([
      429,
      "text/html; charset=utf-8",
    ]);
    expect(seconds).toBeGreaterThan(50);
    expect(html).toContain(`<html lang="${language}" dir="${language === "ur" ? "rtl" : "ltr"}">`);
    expect(html).toContain('id="many"');
    expect(html).toMatch(new RegExp(`<p>[^<]*\\b${seconds}\\b[^<]*</p>`));
    expect(html).not.toContain("{when}");
    expect(html).toContain(`href="/v?lang=${language}"`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("by the hour is told minutes", async () => {
    const ask = await limited({ REGISTRATIONS_PER_HOUR: "1" });
    const html = await (await ask("/v?lang=en")).text();
    expect(html).toContain("Try again in 60 minutes.");
  });

  it("on their own page goes back to it, with the website around it", async () => {
    const ask = await limited();
    const response = await ask("/v/id.token/again?origin=https://shop.example&x=1");
    expect([response.status, await response.text()]).toEqual([
      429,
      expect.stringContaining('href="/v/id.token?origin=https%3A%2F%2Fshop.example"'),
    ]);
  });

  it.each([{ Accept: "application/json" }, { Accept: "application/problem+json, */*" }])(
    "and is a program that says %o: the bridge's words",
    async (headers) => {
      const ask = await limited();
      const response = await ask("/v", headers);
      expect([response.status, await response.json()]).toMatchObject([
        429,
        { code: "too_many_registrations" },
      ]);
    },
  );
});

describe("what else a person's browser is refused", () => {
  it.each([
    ["GET", "/v/a/b", 404, "missing"],
    ["GET", "/v/", 404, "missing"],
    ["GET", "/v/id.token/other", 404, "missing"],
    ["POST", "/v/a/b", 404, "missing"],
    ["GET", "/v/id.token/again", 405, "failed"],
    ["PUT", "/v", 405, "failed"],
    ["DELETE", "/v/id.token", 405, "failed"],
  ])("%s %s is answered with %i and a page, dark or not", async (method, path, status, id) => {
    for (const answering of [answer200, REFUSES]) {
      bridge.answering = answering;
      await look(2);
      const init = method === "POST" ? form() : { method, headers: BROWSER };
      const response = await edgeWith().ask(path, init);
      expect(response.status).toBe(status);
      expect(response.headers.get("content-language")).toBe("ur");
      const html = await response.text();
      expect(html).toContain(`<main id="${id}">`);
      expect(html).not.toContain("urn:sms-bridge");
    }
    bridge.answering = answer200;
    await look();
  });

  it.each([
    ["a body that is too large", "/v", { body: "x".repeat(20_000) }, 413],
    ["what is no form", "/v", { headers: { ...BROWSER, "Content-Type": "text/plain" } }, 415],
    ["an address that is too long", `/v?a=${"x".repeat(9_000)}`, {}, 400],
  ])("%s: a page too", async (_, path, init, status) => {
    const response = await edgeWith().ask(path, { ...form(), ...init });
    expect([response.status, await response.text()]).toEqual([
      status,
      expect.stringContaining('id="failed"'),
    ]);
  });

  it("an e-mail address that is blocked: a page, and nothing of why", async () => {
    const edge = edgeWith({}, { box: { ...boxThatBlocks() } });
    const init = { ...form(), body: "mobile_number=%2B91&email=mallory%40example.com" };
    const response = await edge.ask("/v?lang=en", { ...init, from: "192.0.2.99" });
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('id="refused"')]);
  });

  it("that they are no person, says Turnstile: a page that leads back to the form", async () => {
    const edge = edgeWith({ TURNSTILE_SECRET: "turnstile-secret" });
    const response = await edge.ask("/v?lang=hi", { ...form(), from: "192.0.2.98" });
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('href="/v?lang=hi"'),
    ]);
  });

  it("an edge that is not set up: a page, and JSON to programs", async () => {
    const { default: edge } = await import("../src/index");
    const ask = (headers: Record<string, string>) =>
      edge.fetch(
        new Request("https://verify.test/v", { headers }) as Request<unknown, IncomingRequestCfProperties>,
        { ...worker, EDGE_SECRET: "" } as Env,
        createExecutionContext(),
      );
    const page = await ask(BROWSER);
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('id="failed"')]);
    expect(await (await ask({ Accept: "application/json" })).json()).toMatchObject({ code: "unavailable" });
  });

  it("a bug of the edge: a page", async () => {
    const broken = edgeWith(
      {},
      { box: { ...boxThatBlocks(), health: () => Promise.reject(new Error("x")) } },
    );
    const response = await broken.ask("/v", { headers: BROWSER });
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('id="failed"')]);
  });

  it("stays with what they chose: while it is dark the website around the page is not forgotten", async () => {
    bridge.answering = REFUSES;
    const html = await (await edgeWith().ask('/v/id.token?origin=https://shop.example&lang=ta&x="')).text();
    expect(html).toContain('url=/v/id.token?lang=ta&amp;origin=https%3A%2F%2Fshop.example"');
  });
});

describe("since when, on the person's own clock", () => {
  it.each([
    ["Asia/Kolkata", /^<bdi dir="ltr">GMT\+5:30<.bdi>$/],
    ["America/New_York", /^<bdi dir="ltr">GMT\u2011[45]<.bdi>$/],
    [undefined, /^UTC$/],
    ["Nowhere/AtAll", /^UTC$/],
  ])("in %s: %s", async (timezone, name) => {
    bridge.answering = REFUSES;
    const html = await (
      await edgeWith().ask("/v/id.token?lang=ur", { cf: { timezone } } as RequestInit)
    ).text();
    // In the direction of its language: else its day, month and year change places.
    expect(/<time datetime="[^"]+" dir="rtl">[^<]* (\S+|<bdi.*)<\/time>/.exec(html)?.[1]).toMatch(name);
  });
});

const boxThatBlocks = () => ({
  health: async () => ({ up: true }) as const,
  suspect: async () => undefined,
  isBlocked: async () => true,
  websites: async () => [],
});
