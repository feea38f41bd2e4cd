// Following through bad networks: each way is given up for the next, and nothing is told twice.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { BridgeProblem, SmsBridge } from "../src/index.js";
import { API_KEY, app, proxy, somebody, WITHOUT_BRIDGE } from "./bridge.js";

const isStream = ({ url }: IncomingMessage) => url?.includes("/events") ?? false;
const isLongPoll = ({ url }: IncomingMessage) => url?.includes("wait=") ?? false;
/** Says nothing, for ever. */
const hang = () => true;
const patience = { silence: 300, pause: 100 };

async function followed(how: (asked: IncomingMessage, answer: ServerResponse) => boolean, n = 0) {
  const between = await proxy(how);
  try {
    const bridge = new SmsBridge({ url: between.url });
    const registered = await app().register(somebody(n));
    const seen: string[] = [];
    for await (const { status } of bridge.follow(registered, { patience })) {
      seen.push(status);
    }
    return { seen, asked: between.asked };
  } finally {
    await between.close();
  }
}

describe("following", { skip: WITHOUT_BRIDGE, concurrency: true }, () => {
  it("one stream is enough where it is let through", async () => {
    const { seen, asked } = await followed(() => false);
    assert.deepEqual(seen, ["pending", "validated"]);
    assert.equal(asked.length, 1);
  });

  it("a stream that is silent from the start is given up for long polls", async () => {
    const { seen, asked } = await followed((asked) => isStream(asked) && hang());
    assert.deepEqual(seen, ["pending", "validated"]);
    assert.ok(
      asked.some((url) => url.includes("wait=")),
      `${asked}`,
    );
  });

  it("a stream whose head comes and nothing else is silent too", async () => {
    const { seen } = await followed((asked, answer) => {
      if (isStream(asked)) {
        answer.writeHead(200, { "content-type": "text/event-stream" });
        answer.write(": held back\n\n");
      }
      return isStream(asked);
    });
    assert.deepEqual(seen, ["pending", "validated"]);
  });

  it("where long polls hang too, it polls", async () => {
    const { seen, asked } = await followed((asked, answer) => {
      if (isStream(asked)) {
        answer.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
        return true;
      }
      if (isLongPoll(asked)) {
        answer.destroy();
        return true;
      }
      return false;
    });
    assert.deepEqual(seen, ["pending", "validated"]);
    const last = asked.at(-1) ?? "";
    assert.ok(!last.includes("wait=") && !last.includes("/events"), `${asked}`);
  });

  it("a stream that breaks off is begun again", async () => {
    let streams = 0;
    const { seen } = await followed((asked, answer) => {
      streams += isStream(asked) ? 1 : 0;
      if (isStream(asked) && streams === 1) {
        setTimeout(() => answer.destroy(), 100);
      }
      return false;
    });
    assert.deepEqual(seen, ["pending", "validated"]);
  });

  it("an answer that is no JSON, or half of one, is no answer", async () => {
    let broken = 0;
    const { seen } = await followed((asked, answer) => {
      if (isStream(asked) || isLongPoll(asked)) {
        answer.destroy();
        return true;
      }
      broken += 1;
      if (broken < 4) {
        answer.writeHead(200, { "content-type": "application/json" }).end('{"status":');
      }
      return broken < 4;
    });
    assert.deepEqual(seen, ["pending", "validated"]);
  });

  it("ends when it is aborted, and closes what is open", async () => {
    const between = await proxy((asked) => isStream(asked) && false);
    const bridge = new SmsBridge({ url: between.url, apiKey: API_KEY });
    const stop = new AbortController();
    const registered = await app().register(somebody(2));
    const seen: string[] = [];
    const following = async () => {
      for await (const { status } of bridge.follow(registered, { signal: stop.signal, patience })) {
        seen.push(status);
        stop.abort(new Error("the page was closed"));
      }
    };
    await assert.rejects(following(), /the page was closed/);
    assert.deepEqual(seen, ["pending"]);
    await assert.rejects(bridge.status(registered, { signal: stop.signal }), /the page was closed/);
    await between.close();
  });

  it("ends with an error that will not pass", async () => {
    const registered = await app().register(somebody(2));
    const bridge = new SmsBridge({ url: process.env.BRIDGE_URL ?? "" });
    const following = bridge.follow({ ...registered, onboarding_id: crypto.randomUUID() }, { patience });
    await assert.rejects(following.next(), (error) => error instanceof BridgeProblem && !error.isPassing);
  });

  it("waits as long as the bridge asks to", async () => {
    let refused = 0;
    const { seen } = await followed((asked, answer) => {
      if (isStream(asked) && refused === 0) {
        refused = performance.now();
        const body = JSON.stringify({ code: "unavailable", status: 503 });
        answer.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" }).end(body);
        return true;
      }
      assert.ok(performance.now() - refused > 900, "it did not wait");
      return false;
    });
    assert.deepEqual(seen.at(-1), "validated");
  });
});
