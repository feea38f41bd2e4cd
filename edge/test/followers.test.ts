/** What a page of another website may read of the edge's own answers, while it follows a registration. */

import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { answer200, FakeBridge, HANGS, type Heard, REFUSES, said } from "./bridge";
import { edgeWith, look, passing, worker } from "./edge";

const SHOP = "https://shop.example";
const ONE = "/onboard/0190a1b2-0000-7000-8000-000000000001";

let bridge: FakeBridge;
let named: string[] | undefined = [SHOP];
let etag = 0;
const lists = (heard: Heard) => {
  if (heard.url.pathname !== "/edge/blocklist") {
    return answer200(heard);
  }
  const tag = `"${etag}"`;
  if (heard.headers.get("if-none-match") === tag) {
    return said(heard, null, { status: 200, headers: { ETag: tag } });
  }
  return said(
    heard,
    { ignore_tags: false, addresses: [], ...(named && { status_origins: named }) },
    { headers: { ETag: tag } },
  );
};

/** The bridge names these, and is away since. */
async function darkAfterNaming(websites: string[] | undefined) {
  named = websites;
  etag += 1;
  bridge.answering = lists;
  await look();
  bridge.answering = REFUSES;
  await look(2);
}

beforeEach(() => {
  bridge = new FakeBridge();
});

const ask = (path: string, init: RequestInit = {}, origin = SHOP) =>
  edgeWith({ EDGE_SPOOL: "on" }).ask(path, { ...init, headers: { ...init.headers, Origin: origin } });

describe("a website that the bridge names", () => {
  it.each([
    ["GET", "/status", 200],
    ["GET", ONE, 503],
    ["GET", `${ONE}?wait=25`, 503],
    ["GET", `${ONE}/events`, 503],
    ["HEAD", "/status", 200],
    ["PUT", "/status", 405],
    ["POST", ONE, 405],
    ["GET", `${ONE}?a=${"x".repeat(9_000)}`, 400],
  ])("may read what the edge says to %s %s (%i) while the box is dark", async (method, path, status) => {
    await darkAfterNaming([SHOP]);
    const response = await ask(path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("access-control-allow-origin")).toBe(SHOP);
    expect(response.headers.get("access-control-expose-headers")).toBe("retry-after,x-request-id");
    expect(response.headers.get("vary")?.toLowerCase()).toContain("origin");
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    if (status === 503) {
      expect(response.headers.has("retry-after")).toBe(true);
    }
  });

  it.each(["/status", ONE, `${ONE}/events`])(
    "may ask %s, says the preflight while it is dark",
    async (path) => {
      await darkAfterNaming([SHOP]);
      const response = await ask(path, {
        method: "OPTIONS",
        headers: {
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": "authorization",
        },
      });
      expect(response.status).toBe(204);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET,HEAD",
        "access-control-allow-headers": "authorization,accept,last-event-id",
        "access-control-max-age": "600",
      });
      expect(await response.text()).toBe("");
    },
  );

  it("may read that the tunnel hangs, too", async () => {
    await darkAfterNaming([SHOP]);
    bridge.answering = lists;
    await look();
    bridge.answering = HANGS;
    const response = await passing(8_000, () => ask(ONE));
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([503, SHOP]);
  });

  it("is still named after a restart, and no longer once the bridge does not name it", async () => {
    await darkAfterNaming([SHOP]);
    const stored = await runInDurableObject(worker.BOX.getByName("all"), (_, { storage }) =>
      storage.get<{ websites: string[] }>("blocklist"),
    );
    expect(stored?.websites).toEqual([SHOP]);
    await darkAfterNaming(undefined);
    expect((await ask("/status")).headers.has("access-control-allow-origin")).toBe(false);
  });

  it("is asked for again by an edge that is newer than what it kept", async () => {
    await darkAfterNaming([SHOP]);
    const box = worker.BOX.getByName("all");
    await runInDurableObject(box, (object) => {
      const inner = object as unknown as { blocklist: { websites?: string[] } };
      delete inner.blocklist.websites;
    });
    bridge.answering = lists;
    await look();
    expect(await box.websites()).toEqual([SHOP]);
  });
});

describe("nobody else may read it", () => {
  it.each(["https://evil.example", "https://shop.example.evil", "http://shop.example", "null", "*"])(
    "not %s",
    async (origin) => {
      await darkAfterNaming([SHOP]);
      for (const init of [{}, { method: "OPTIONS", headers: { "Access-Control-Request-Method": "GET" } }]) {
        const response = await ask("/status", init, origin);
        expect(response.headers.has("access-control-allow-origin")).toBe(false);
        expect(response.headers.get("vary")).toContain("Origin");
      }
    },
  );

  it.each([
    ["POST", "/onboard/register"],
    ["OPTIONS", "/onboard/register"],
    ["GET", "/onboard/status/+919876543210"],
    ["POST", `${ONE}/cancel`],
    ["GET", "/v/id.token"],
    ["GET", "/nowhere"],
    ["POST", "/sms/receive/unknown"],
  ])("and nothing else is to be read: %s %s", async (method, path) => {
    await darkAfterNaming([SHOP]);
    const response = await ask(path, { method, ...(method === "POST" && { body: "{}" }) });
    expect(response.headers.has("access-control-allow-origin")).toBe(false);
  });

  it("the bridge's own answers are its own affair", async () => {
    await darkAfterNaming([SHOP]);
    bridge.answering = lists;
    await look();
    for (const init of [{}, { method: "OPTIONS", headers: { "Access-Control-Request-Method": "GET" } }]) {
      const response = await ask("/status", init);
      expect(response.headers.has("access-control-allow-origin")).toBe(false);
    }
    expect(bridge.requests("/status").map(({ method }) => method)).toEqual(["GET", "OPTIONS"]);
  });
});
