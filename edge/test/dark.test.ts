import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Env } from "../src/env";
import { FRESH, healthOf, look as lookedAt, nextLookMs } from "../src/pure/health";
import { languageOf } from "../src/pure/language";
import { fits, ROOM } from "../src/pure/room";
import { answer200, BAD_GATEWAY, FakeBridge, HALF, HANGS, type Heard, REFUSES, said } from "./bridge";
import { deliverKept, edgeWith, look, passing, registration, worker } from "./edge";

let bridge: FakeBridge;
beforeEach(() => {
  bridge = new FakeBridge();
});
afterEach(async () => {
  // The next test finds a bridge that is up, and nothing that waits.
  bridge.answering = answer200;
  await deliverKept();
  await look();
});

describe("health", () => {
  it("is dark after two looks that failed, since the first of them", () => {
    const once = lookedAt(FRESH, false, 1_000);
    expect(healthOf(once)).toEqual({ up: true });
    const twice = lookedAt(once, false, 2_000);
    expect(healthOf(twice)).toEqual({ up: false, since: 1_000 });
    expect(healthOf(lookedAt(twice, false, 9_000))).toEqual({ up: false, since: 1_000 });
    expect(healthOf(lookedAt(twice, true, 9_000))).toEqual({ up: true });
  });

  it("is looked at again soon, then less and less often, and within half a minute always", () => {
    const waits = Array.from({ length: 8 }, (_, failures) =>
      nextLookMs({ failures, failedSince: 0 }, 15_000),
    );
    expect(waits).toEqual([15_000, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  });
});

describe("while the box is dark", () => {
  it.each([
    ["refuses", REFUSES],
    ["answers 502 with HTML", BAD_GATEWAY],
  ])("and the tunnel %s: everything says since when, and nothing is forwarded", async (_, answering) => {
    const before = Date.now();
    bridge.answering = answering;
    await look(2);
    const edge = edgeWith({ REGISTRATIONS_PER_MINUTE: "1" });
    bridge.heard = [];
    for (let n = 0; n < 3; n += 1) {
      // Nobody uses up a registration meanwhile.
      const response = await edge.ask("/onboard/register", { ...registration(), from: "192.0.2.70" });
      const problem = await response.json<Record<string, string>>();
      expect(response.status).toBe(503);
      expect(problem.code).toBe("onboarding_paused");
      expect(Date.parse(problem.since ?? "")).toBeGreaterThanOrEqual(before);
    }
    const status = await (await edge.ask("/status")).json<Record<string, string>>();
    expect(status.onboarding).toBe("paused");
    expect((await edge.ask("/onboard/0190a1b2-0000-7000-8000-000000000001")).status).toBe(503);
    expect(bridge.requests()).toHaveLength(0);
    bridge.answering = answer200;
    await look();
    const back = await edgeWith().ask("/onboard/register", { ...registration(), from: "192.0.2.70" });
    expect(back.status).toBe(200);
  });

  it("and the tunnel hangs: a look is given up after five seconds", async () => {
    bridge.answering = HANGS;
    await passing(5_000, () => look());
    await passing(5_000, () => look());
    expect(await worker.BOX.getByName("all").health()).toMatchObject({ up: false });
  });

  it("and the tunnel hangs half way through the list of blocked addresses: the looking goes on", async () => {
    bridge.answering = (heard) => (heard.url.pathname === "/readyz" ? answer200(heard) : HALF(heard));
    await passing(5_000, () => look());
    bridge.answering = REFUSES;
    await look(2);
    expect(await worker.BOX.getByName("all").health()).toMatchObject({ up: false });
  });

  it("what was seen is known after a restart, and nothing is written while nothing changes", async () => {
    const box = worker.BOX.getByName("all");
    const kept = () => runInDurableObject(box, async (_, { storage }) => storage.get("watch"));
    bridge.answering = REFUSES;
    await look(2);
    expect(await kept()).toMatchObject({ failedSince: expect.any(Number) });
    bridge.answering = answer200;
    await look();
    expect(await kept()).toEqual(FRESH);
    const written = await runInDurableObject(box, async (object, { storage }) => {
      const put = vi.spyOn(storage, "put");
      await object.alarm();
      return put.mock.calls.map(([key]) => key);
    });
    expect(written).not.toContain("watch");
  });

  it("a bridge that cannot keep an SMS is dark too", async () => {
    bridge.answering = (heard) => said(heard, {}, { status: 503 });
    await look(2);
    expect(await worker.BOX.getByName("all").health()).toMatchObject({ up: false });
  });
});

describe("the page of a person", () => {
  it.each(["en", "hi", "bn", "ta", "te", "mr", "gu", "kn", "ml", "pa", "ur"])(
    "waits in %s",
    async (language) => {
      bridge.answering = REFUSES;
      const edge = edgeWith({ EDGE_SPOOL: "on" });
      const response = await edge.ask(`/v/id.token?lang=${language}`, {
        headers: { "Accept-Language": "de" },
      });
      const html = await response.text();
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("10");
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(html).toContain(`<html lang="${language}" dir="${language === "ur" ? "rtl" : "ltr"}">`);
      expect(html).toContain('http-equiv="refresh" content="5;');
      expect(html).toContain("UTC</time>");
      expect(html).not.toContain("{time}");
    },
  );

  it("that is its style's own: the policy lets in nothing else", async () => {
    bridge.answering = REFUSES;
    const response = await edgeWith().ask("/v/id.token");
    const policy = response.headers.get("content-security-policy") ?? "";
    const style = /<style>([\s\S]*)<\/style>/.exec(await response.text())?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
    expect(policy).toContain(`'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`);
    expect(policy).toContain("default-src 'none'");
  });

  it("comes back to where it was, and to the page after a form", async () => {
    bridge.answering = REFUSES;
    const html = await (await edgeWith().ask('/v/id."><script>x')).text();
    expect(html).not.toContain("<script");
    const form = {
      method: "POST",
      body: "",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    };
    const after = await (await edgeWith().ask("/v/id.token/again", { ...form, from: "192.0.2.71" })).text();
    expect(after).toContain('content="5;url=/v/id.token"');
  });

  it.each([
    [null, "ta-IN,en;q=0.5", "ta"],
    ["ur", "ta", "ur"],
    ["xx", "de, hi;q=0.1, mr;q=0.9", "mr"],
    [null, "hi;q=0, en", "en"],
    [null, null, "en"],
    ["__proto__", "constructor", "en"],
  ])("is in the language asked for: lang=%s, %s", (asked, accepted, language) => {
    expect(languageOf(asked, accepted)).toBe(language);
  });
});

describe("an SMS while the box is dark", () => {
  const form = { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "c2ln" };
  const sms = (text: string): RequestInit => ({
    method: "POST",
    body: `From=%2B91&Body=${text}`,
    headers: form,
  });

  it.each([
    ["/sms/receive/twilio", 200, "text/xml", "<Response/>"],
    ["/sms/receive/jasmin", 200, "text/plain", "ACK/Jasmin"],
    ["/sms/receive/smssync", 200, "application/json", '{"payload":{"success":true,"error":null}}'],
    ["/sms/receive/smsgate", 200, "application/json", '{"status":"stored"}'],
    ["/sms/receive", 202, "application/json", '{"status":"stored"}'],
  ])("to %s is kept, and acknowledged as its sender wants", async (path, status, type, body) => {
    bridge.answering = BAD_GATEWAY;
    const response = await edgeWith({ EDGE_SPOOL: "on" }).ask(path, sms("1"));
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(type);
    expect(await response.text()).toBe(body);
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(1);
  });

  it("arrives once, in its order, with its first time; what comes meanwhile joins behind", async () => {
    bridge.answering = REFUSES;
    const edge = edgeWith({ EDGE_SPOOL: "on" });
    const began = Math.floor(Date.now() / 1000);
    for (const text of ["1", "2", "3"]) {
      await edge.ask("/sms/receive/twilio?x=1", { ...sms(text), from: "2001:db8::7", country: "US" });
    }
    // It is back, but has not got all of them yet.
    bridge.answering = answer200;
    bridge.heard = [];
    await edge.ask("/sms/receive/twilio?x=1", { ...sms("4"), from: "2001:db8::7" });
    expect(bridge.requests()).toHaveLength(0);
    await deliverKept();
    const heard = bridge.requests();
    expect(heard.map(({ text }) => text.slice(-1))).toEqual(["1", "2", "3", "4"]);
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(0);
    for (const { headers, url } of heard) {
      expect(Number(headers.get("x-edge-received"))).toBeGreaterThanOrEqual(began);
      expect(headers.get("x-edge-signature")).toMatch(/^[0-9a-f]{64}$/);
      expect(headers.get("x-twilio-signature")).toBe("c2ln");
      expect(headers.get("x-forwarded-host")).toBe("verify.test");
      expect(url.search).toBe("?x=1");
    }
    expect(heard[0]?.headers.get("x-edge-client")).toBe("2001:db8::7 US");
    // And from now on they go straight through.
    await look();
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive/twilio?x=1", sms("5"));
    const through = bridge.requests().at(-1);
    expect(through?.text.slice(-1)).toBe("5");
    expect(through?.headers.has("x-edge-received")).toBe(false);
  });

  it.each([
    ["the bridge cannot write", 503, false],
    ["the bridge does not know the signature", 401, false],
    ["the bridge has too much to do", 429, false],
    ["the bridge keeps it in quarantine", 400, true],
    ["the bridge takes it", 202, true],
  ])("that is handed in when %s (%i): gone is %s", async (_, status, gone) => {
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", sms("1"));
    bridge.answering = (heard) => said(heard, {}, { status });
    await deliverKept();
    expect((await worker.SPOOL.getByName("all").waiting()) === 0).toBe(gone);
  });

  it("that the bridge chokes on holds up nobody: it is set aside, and the others arrive", async () => {
    await look();
    bridge.answering = REFUSES;
    const edge = edgeWith({ EDGE_SPOOL: "on" });
    for (const text of ["poison", "2"]) {
      await edge.ask("/sms/receive", sms(text));
    }
    const chokes = (heard: Heard) => (heard.text.endsWith("poison") ? null : answer200(heard));
    bridge.answering = chokes;
    await look();
    for (let n = 0; n < 8; n += 1) {
      await deliverKept();
    }
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(0);
    const arrived = bridge.requests("/sms/receive").map(({ text }) => text.slice(-1));
    expect(arrived.at(-1)).toBe("2");
  });

  it("whose bridge answers 503 is kept too: nobody has to send it again", async () => {
    bridge.answering = (heard) => said(heard, {}, { status: 503 });
    const response = await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive/twilio", sms("1"));
    expect([response.status, await response.text()]).toEqual([200, "<Response/>"]);
  });

  it.each([
    ["hangs", HANGS],
    ["hangs half way through its answer", HALF],
  ])("to a tunnel that %s is kept after eight seconds", async (_, answering) => {
    bridge.answering = answering;
    const edge = edgeWith({ EDGE_SPOOL: "on" });
    const response = await passing(8_000, () => edge.ask("/sms/receive/twilio", sms("1")));
    expect(response.status).toBe(200);
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(1);
  });

  it.each([
    ["without a spool", { EDGE_SPOOL: "off" }, "/sms/receive/twilio", sms("1")],
    [
      "packed in a way that nobody can unpack",
      { EDGE_SPOOL: "on" },
      "/sms/receive",
      { ...sms("1"), headers: { "Content-Encoding": "lzma" } },
    ],
    [
      "longer than the bridge takes from a stranger",
      { EDGE_SPOOL: "on" },
      "/sms/receive",
      { ...sms("x".repeat(70_000)) },
    ],
  ])("%s: 503, and the sender keeps it", async (_, variables, path, init) => {
    bridge.answering = REFUSES;
    const response = await edgeWith(variables).ask(path, init as RequestInit);
    expect(response.status).toBe(503);
    expect(response.headers.has("retry-after")).toBe(true);
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(0);
  });

  it("in a format that nobody knows: 404, as when the box is up, and nothing is kept", async () => {
    bridge.answering = REFUSES;
    for (const edge of [edgeWith({ EDGE_SPOOL: "on" }), edgeWith()]) {
      for (const path of ["/sms/receive/unknown", "//sms/receive/unknown", "/sms/receive/unknown/?a=1"]) {
        const response = await edge.ask(path, sms("1"));
        expect([response.status, await response.json()], path).toMatchObject([404, { code: "not_found" }]);
      }
    }
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(0);
    // A bridge that is newer than the edge may have it.
    bridge.answering = answer200;
    await look();
    expect((await edgeWith().ask("/sms/receive/unknown", sms("1"))).status).toBe(200);
  });

  it.each([
    "//sms/receive",
    "//sms/receive/twilio",
    "/sms/receive//twilio",
    "/sms/receive/twilio/",
    "/sms/receive/generic",
  ])("to %s is kept, and delivered to the address to which it came", async (path) => {
    bridge.answering = REFUSES;
    const response = await edgeWith({ EDGE_SPOOL: "on" }).ask(`${path}?x=1`, sms("1"));
    const isTwilio = path.includes("twilio");
    expect(await response.text()).toBe(isTwilio ? "<Response/>" : '{"status":"stored"}');
    bridge.answering = answer200;
    bridge.heard = [];
    await deliverKept();
    const [heard] = bridge.requests();
    expect(heard?.url.href).toBe(`https://bridge.test${path}?x=1`);
  });

  it.each([
    ["HEAD", "/sms/receive/exotel", 200, "text/plain"],
    ["HEAD", "/sms/receive/twilio", 405, null],
    ["HEAD", "/sms/receive", 405, null],
    ["GET", "/sms/receive/smsgate", 405, null],
    ["PUT", "/sms/receive/twilio", 405, null],
  ])("asked with %s at %s: %i, dark or not", async (method, path, status, type) => {
    for (const answering of [REFUSES, answer200]) {
      bridge.answering = answering;
      await look(2);
      const response = await edgeWith({ EDGE_SPOOL: "on" }).ask(path, { method });
      expect(response.status).toBe(status);
      if (type !== null && answering === REFUSES) {
        expect(response.headers.get("content-type")).toContain(type);
      }
    }
    expect(await worker.SPOOL.getByName("all").waiting()).toBe(0);
  });

  it("without a spool is tried all the same", async () => {
    bridge.answering = REFUSES;
    await look(2);
    bridge.answering = answer200;
    expect((await edgeWith().ask("/sms/receive", sms("1"))).status).toBe(200);
  });

  it("is delivered as soon as the box is seen to be back", async () => {
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", sms("1"));
    bridge.answering = answer200;
    await worker.SPOOL.getByName("all").deliver();
    await runDurableObjectAlarm(worker.SPOOL.getByName("all"));
    expect(bridge.requests("/sms/receive").length).toBeGreaterThan(0);
  });
});

describe("an SMS that the bridge does not take", () => {
  const spool = () => worker.SPOOL.getByName("all");
  const inside = <T>(work: (sql: SqlStorage) => T) =>
    runInDurableObject(spool(), async (_, { storage }) => work(storage.sql));
  const kept = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
  const DAY = 24 * 3600 * 1000;

  /** So many of them are set aside. */
  async function aside(count = 1, edge = edgeWith({ EDGE_SPOOL: "on" })): Promise<void> {
    bridge.answering = REFUSES;
    for (let n = 0; n < count; n += 1) {
      expect((await edge.ask("/sms/receive", kept)).status).toBe(202);
    }
    bridge.answering = (heard) => said(heard, {}, { status: 404 });
    await deliverKept();
  }

  beforeEach(async () => {
    await inside((sql) => {
      sql.exec("DELETE FROM sms");
      sql.exec("DELETE FROM aside");
      sql.exec("DELETE FROM dropped");
    });
    await runInDurableObject(spool(), async (_, { storage }) => storage.delete("tried_again"));
  });

  it.each([404, 405, 413, 415, 422])("with %i is set aside at once, and not lost", async (status) => {
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", kept);
    bridge.answering = (heard) => said(heard, {}, { status });
    await deliverKept();
    expect(await spool().counts()).toEqual({ waiting: 0, aside: 1, dropped: 0 });
  });

  it.each([403, 408, 500])("with %i is tried some times, and holds up nobody for good", async (status) => {
    await look();
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", kept);
    bridge.answering = (heard) => (heard.method === "POST" ? said(heard, {}, { status }) : answer200(heard));
    await look();
    for (let n = 0; n < 7; n += 1) {
      await deliverKept();
    }
    expect(await spool().counts()).toMatchObject({ waiting: 1, aside: 0 });
    await deliverKept();
    expect(await spool().counts()).toMatchObject({ waiting: 0, aside: 1 });
  });

  it("is dropped when its days are over, and the bridge and the log are told", async () => {
    await aside(2);
    bridge.answering = answer200;
    await inside((sql) => sql.exec("UPDATE aside SET since = 5 WHERE seq > (SELECT min(seq) FROM aside)"));
    const lines = vi.spyOn(console, "log");
    await deliverKept();
    expect(await spool().counts()).toEqual({ waiting: 0, aside: 1, dropped: 1 });
    expect(lines.mock.calls.flat().join()).toContain('{"event":"sms_dropped","count":1,"why":"too old"}');
    lines.mockRestore();
    const [row] = await inside((sql) => sql.exec("SELECT since FROM aside").toArray());
    // Not a moment earlier than thirty days.
    await inside((sql) => sql.exec("UPDATE aside SET since = ?", Number(row?.since) - 30 * DAY + 60_000));
    await runInDurableObject(spool(), async (object, { storage }) => {
      await storage.put("tried_again", Date.now());
      await object.alarm();
    });
    expect(await spool().counts()).toMatchObject({ aside: 1, dropped: 1 });
  });

  it("takes no room of those that wait, and has a room of its own", async () => {
    await aside();
    await inside((sql) => {
      const columns = "method, target, headers, body, client, received, bytes, since";
      const many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)";
      sql.exec(`INSERT INTO aside (seq, ${columns}) ${many} SELECT -n, ${columns} FROM aside, n`);
    });
    bridge.answering = REFUSES;
    const response = await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", kept);
    expect(response.status).toBe(202);
    // The next that is set aside drives out the oldest of them, and none that waits.
    bridge.answering = (heard) => said(heard, {}, { status: 404 });
    await deliverKept();
    expect(await spool().counts()).toEqual({ waiting: 0, aside: 1_000, dropped: 29_002 });
  });

  it("is tried again the next day, and arrives at a bridge that takes it now", async () => {
    await aside(2);
    bridge.answering = answer200;
    bridge.heard = [];
    await deliverKept();
    expect(bridge.requests()).toHaveLength(0);
    await inside((sql) => sql.exec("UPDATE aside SET since = since - ?", DAY));
    await deliverKept();
    expect(bridge.requests()).toHaveLength(2);
    expect(await spool().counts()).toEqual({ waiting: 0, aside: 0, dropped: 0 });
  });

  it("of which many fail is not tried on and on", async () => {
    await aside(6);
    await inside((sql) => sql.exec("UPDATE aside SET since = since - ?", DAY));
    bridge.heard = [];
    await deliverKept();
    await deliverKept();
    expect(bridge.requests()).toHaveLength(3);
    expect(await spool().counts()).toMatchObject({ aside: 6 });
  });

  it("does not keep a new one from being delivered soon", async () => {
    await aside();
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", kept);
    const alarm = await runInDurableObject(spool(), async (_, { storage }) => storage.getAlarm());
    expect((alarm ?? Number.POSITIVE_INFINITY) - Date.now()).toBeLessThan(2_000);
  });

  it("is told to the bridge with the next look", async () => {
    await aside();
    bridge.heard = [];
    bridge.answering = answer200;
    await runInDurableObject(worker.BOX.getByName("all"), async (object) => {
      const inner = object as unknown as { env: Env };
      inner.env = { ...inner.env, EDGE_SPOOL: "on" };
      await object.alarm();
      inner.env = worker;
    });
    const [asked] = bridge.requests("/edge/blocklist");
    expect(asked?.url.search).toBe("?waiting=0&aside=1&dropped=0");
  });

  it("of an edge before this one is kept from now on", async () => {
    bridge.answering = REFUSES;
    await edgeWith({ EDGE_SPOOL: "on" }).ask("/sms/receive", kept);
    await inside((sql) => {
      sql.exec("ALTER TABLE sms ADD COLUMN aside INTEGER NOT NULL DEFAULT 0");
      sql.exec("UPDATE sms SET aside = 1");
    });
    await runInDurableObject(spool(), async (object) => {
      new (object.constructor as typeof import("../src/objects/spool").Spool)(
        (object as unknown as { ctx: DurableObjectState }).ctx,
        worker,
      );
      await object.alarm();
    });
    expect(await spool().counts()).toEqual({ waiting: 0, aside: 1, dropped: 0 });
  });
});

describe("the room for SMS", () => {
  const empty = { items: 0, bytes: 0, ofUrl: 0, ofAddress: 0, isKnown: false };
  it.each([
    ["an empty one takes it", {}, 1_000, true],
    ["strangers have a share of the SMS", { items: ROOM.items * ROOM.strangers }, 1, false],
    [
      "those that were let in before have all",
      { items: ROOM.items * ROOM.strangers, isKnown: true },
      1,
      true,
    ],
    ["until it is full", { items: ROOM.items, isKnown: true }, 1, false],
    ["of the bytes too", { bytes: ROOM.bytes - 10, isKnown: true }, 11, false],
    ["of one address", { ofAddress: ROOM.ofAddress, isKnown: true }, 1, false],
    ["of one URL", { ofUrl: ROOM.ofUrl, isKnown: true }, 1, false],
    ["a stranger's URL", { ofUrl: ROOM.ofUrl * ROOM.strangers }, 1, false],
  ])("%s", (_, room, bytes, does) => {
    expect(fits({ ...empty, ...room }, bytes)).toBe(does);
  });
});
