// A website follows a registration from a page of its own, with the token: where the operator named it, and nowhere else.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { RECEIVER, android, number } from "../phones.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("sms_receiver_number", RECEIVER);
  const site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Site</title>"));
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  const asked = (visit, { onboarding_id, token }) =>
    visit.page.evaluate(
      async ([url, secret]) => {
        try {
          return (await (await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).json()).status;
        } catch {
          return "nothing";
        }
      },
      [`${bridge.url}/onboard/${onboarding_id}`, token],
    );
  try {
    const registered = await bridge.register(number());
    const visit = await stage.visitor({ ...android, also: [origin], tolerate: [/CORS|net::ERR|favicon|404/] });
    await stage.test("one that is not named reads nothing", async () => {
      await visit.page.goto(origin);
      assert.equal(await asked(visit, registered), "nothing");
    });
    await stage.test("a named one follows to the end", async () => {
      await bridge.set("status_origins", [origin]);
      await visit.page.goto(origin);
      assert.equal(await asked(visit, registered), "pending");
      const url = `${bridge.url}/onboard/${registered.onboarding_id}/events?token=${registered.token}`;
      await visit.page.evaluate((from) => {
        globalThis.heard = [];
        const events = new EventSource(from);
        events.addEventListener("status", (event) => heard.push(JSON.parse(event.data).status));
      }, url);
      await visit.page.waitForFunction(() => heard.includes("pending"));
      await bridge.sms(registered.mobile_number, registered.sms_body);
      await visit.page.waitForFunction(() => heard.includes("validated"));
    });
  } finally {
    site.close();
  }
}
