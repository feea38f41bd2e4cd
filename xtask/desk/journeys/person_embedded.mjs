// The person's page inside another site: it grows with what it shows and tells that site alone what became of it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { RECEIVER, desktop, number } from "../phones.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("sms_receiver_number", RECEIVER);
  let page_url;
  const shop = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(
      `<!doctype html><title>Shop</title><script src="${bridge.url}/embed.js"></script>` +
        `<sms-bridge-verify page-url="${page_url}"></sms-bridge-verify>` +
        `<script>const said = []; document.addEventListener("status", (e) => said.push(e.detail.status));</script>`,
    );
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  const origin = `http://127.0.0.1:${shop.address().port}`;
  try {
    const registered = await bridge.register(number());
    page_url = new URL(registered.page_url, bridge.url).href;
    await stage.test("a site that is not named shows nothing", async () => {
      const visit = await stage.visitor({ ...desktop, also: [origin], tolerate: [/frame-ancestors|Content Security Policy|net::ERR|favicon|404/] });
      await visit.page.goto(origin);
      await visit.page.locator("iframe").waitFor();
      assert.equal(await visit.page.frameLocator("iframe").locator("#stage").count(), 0);
    });
    await stage.test("a named one shows the page and is told what became of it", async () => {
      await bridge.set("embed_origins", [origin]);
      const visit = await stage.visitor({ ...desktop, also: [origin], tolerate: [/favicon|404/] });
      await visit.page.goto(origin);
      const inside = visit.page.frameLocator("iframe");
      await inside.getByRole("heading", { level: 1, name: "Send one SMS to confirm your number" }).waitFor();
      await visit.page.waitForFunction(() => said.includes("pending"));
      await bridge.sms(registered.mobile_number, registered.sms_body);
      await inside.getByRole("heading", { level: 1, name: "Your number is confirmed" }).waitFor();
      await visit.page.waitForFunction(() => said.includes("validated"));
      assert.deepEqual(await visit.page.evaluate(() => said), ["pending", "validated"], "each once");
      const [frame, shown] = await visit.page.evaluate(async () => [document.querySelector("iframe").clientHeight, 0]);
      assert.ok(frame > 100 && frame < 900 && shown === 0, `${frame}`);
    });
  } finally {
    shop.close();
  }
}
