// Against a real bridge: every magic number of its sandbox, as an app sees it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeProblem, MobileValidated, SmsBridge } from "../src/index.js";
import { API_KEY, app, somebody, URL_OF_BRIDGE, WITHOUT_BRIDGE } from "./bridge.js";

async function statuses(n: number, late = false): Promise<string[]> {
  const registered = await app().register(somebody(n));
  const seen: string[] = [];
  for await (const status of app().follow(registered, { late })) {
    const failed = status.last_sms?.failed_at_check;
    seen.push(failed ? `${status.status} ${failed}` : status.status);
    if (late && status.status === "failed") {
      break;
    }
  }
  return seen;
}

async function problem(work: Promise<unknown>): Promise<BridgeProblem> {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof BridgeProblem, String(error));
  return error;
}

describe("a bridge", { skip: WITHOUT_BRIDGE, concurrency: true }, () => {
  it("validates", async () => {
    assert.deepEqual(await statuses(0), ["pending", "validated"]);
  });

  it("says what does not match, and that the time is over", async () => {
    assert.deepEqual(await statuses(1), ["pending", "pending header_hash_check", "failed header_hash_check"]);
  });

  it("says that nothing came", async () => {
    assert.deepEqual(await statuses(2), ["pending", "expired"]);
  });

  it("says later that it came too late", async () => {
    const seen = await statuses(6, true);
    // Two changes at once may be told as the last of them.
    assert.deepEqual(
      seen.filter((status) => status !== "expired"),
      ["pending", "failed time_window_check"],
    );
  });

  it("says that too many came", async () => {
    assert.equal((await statuses(4)).at(-1), "failed count_check");
  });

  it("says that somebody stopped it", async () => {
    assert.deepEqual(await statuses(7), ["pending", "cancelled"]);
  });

  it("refuses with a word for each reason", async () => {
    const refusals: [number, string, number, boolean][] = [
      [3, "blacklisted", 403, false],
      [5, "onboarding_paused", 503, true],
      [8, "too_many_registrations", 429, true],
    ];
    for (const [n, code, status, waits] of refusals) {
      const refused = await problem(app().register(somebody(n)));
      assert.deepEqual([refused.code, refused.status, refused.isPassing], [code, status, waits]);
      assert.equal(refused.retryAfter !== undefined && refused.retryAfter > 0, waits);
      assert.ok(refused.requestId);
    }
  });

  it("names the field that is wrong", async () => {
    const wrong = await problem(app().register({ mobile_number: "12", email: "nobody" }));
    assert.equal(wrong.code, "invalid_request");
    assert.deepEqual(
      wrong.errors.map(({ field }) => field),
      ["email"],
    );
  });

  it("opens an onboarding to its token, and nothing else", async () => {
    const registered = await app().register(somebody(2));
    const device = new SmsBridge({ url: `${URL_OF_BRIDGE}/` });
    assert.equal((await device.status(registered)).status, "pending");
    const { onboarding_id } = registered;
    const without = await problem(device.status({ onboarding_id }));
    assert.deepEqual([without.code, without.isPassing], ["unauthorized", false]);
    const never = device.follow({ onboarding_id, token: "wrong" });
    assert.equal((await problem(never.next())).code, "unauthorized");
    assert.equal((await device.cancel(registered)).status, "cancelled");
    assert.equal((await device.status(registered)).status, "cancelled");
  });

  it("says how it is", async () => {
    const state = await app().bridge();
    assert.deepEqual([state.onboarding, state.sandbox], ["accepting", true]);
  });

  it("is not asked again by a device on which the number was validated", async () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    };
    const mobileValidated = new MobileValidated(store);
    let asked = 0;
    const counting: typeof fetch = (...request) => {
      asked += 1;
      return fetch(...request);
    };
    const device = new SmsBridge({ url: URL_OF_BRIDGE, apiKey: API_KEY, mobileValidated, fetch: counting });
    const person = somebody(0);
    for await (const status of device.follow(await device.register(person))) {
      assert.ok(["pending", "validated"].includes(status.status));
    }
    assert.ok(kept.get("Mobile_validated")?.includes("+15005550000"));
    const before = asked;
    const again = await problem(device.register({ ...person, mobile_number: "+1 500 555-0000" }));
    assert.deepEqual([again.code, asked], ["already_validated", before]);
    await mobileValidated.forget();
    assert.equal((await problem(device.register(person))).code, "already_validated", "the bridge knows too");
    assert.equal(asked, before + 1);
  });

  it("that is away or says nothing is a problem like any other", async () => {
    const away = new SmsBridge({ url: "http://127.0.0.1:1" });
    const unreachable = await problem(away.bridge());
    assert.deepEqual([unreachable.code, unreachable.status, unreachable.isPassing], ["unreachable", 0, true]);
  });
});
