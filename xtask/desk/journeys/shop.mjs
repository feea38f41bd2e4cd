// Use case 1 as a person lives it: an app, the page, the SMS, the page again, the app again; and the webhook to the app.
import assert from "node:assert/strict";

import { RECEIVER, android, number } from "../phones.mjs";
import { Shop } from "../shop.mjs";

export const weight = 2;

export async function play(stage) {
  const bridge = await stage.bridge(["--webhook-allow", "127.0.0.1/32"]);
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("page_app_name", "Kiosk");
  const shop = await Shop.start(bridge, stage.packages);
  const heading = (visit, name) => visit.page.getByRole("heading", { level: 1, name }).waitFor();
  /** Somebody at the shop who writes that number. */
  const customer = async (mobile, how = {}) => {
    const visit = await stage.visitor({ ...android, also: [shop.url], ...how });
    await visit.page.goto(shop.url);
    await visit.page.getByLabel("Mobile number").fill(mobile);
    await visit.page.getByLabel("E-mail address").fill("person@example.com");
    await visit.page.getByRole("button", { name: "Confirm my number" }).click();
    return visit;
  };
  /** What their phone would write, by the link of the button. */
  const sms = async (visit) => {
    const link = await visit.page.locator("#send").getAttribute("href");
    const [, to, text] = link.match(/^sms:([^?]+)\?body=(.*)$/);
    return { to, text: decodeURIComponent(text) };
  };

  try {
    await stage.test("a customer confirms their number and is back in the shop", async () => {
      const mobile = number();
      const visit = await customer(mobile);
      await heading(visit, "Send one SMS to confirm your number");
      assert.equal(new URL(visit.page.url()).origin, bridge.url, "the page of the bridge");
      const { to, text } = await sms(visit);
      assert.equal(to, RECEIVER);
      await bridge.sms(mobile, text);
      await heading(visit, "Your number is confirmed");
      await visit.page.locator("a.button", { hasText: "Back to" }).click();
      await visit.sees(`${mobile} is yours. You can buy now.`);
      assert.equal(visit.page.url(), `${shop.url}/`);
      assert.equal(await visit.page.evaluate(() => document.referrer), "", "the shop's page is told no address of the bridge");
      await visit.picture(`${stage.shots}/shop-confirmed.light.phone.png`);
      const { data } = await shop.told("onboarding.validated");
      assert.deepEqual([data.mobile_number, data.email, shop.refused], [mobile, "person@example.com", 0]);
    });

    await stage.test("one who never comes back is confirmed by the webhook", async () => {
      const mobile = number();
      const visit = await customer(mobile);
      await heading(visit, "Send one SMS to confirm your number");
      await bridge.sms(mobile, (await sms(visit)).text);
      shop.events = [];
      for (let tries = 0; ; tries++) {
        await visit.page.goto(shop.url);
        if ((await visit.page.locator("main").innerText()).includes("You can buy now")) break;
        assert.ok(tries < 40, "the webhook changed nothing");
        await visit.page.waitForTimeout(250);
      }
    });

    await stage.test("an address that says validated proves nothing", async () => {
      const visit = await customer(number());
      await heading(visit, "Send one SMS to confirm your number");
      await visit.page.goto(`${shop.url}/back?onboarding_id=019c&status=validated`);
      await visit.sees("Your number is not confirmed (pending). You can try again.");
    });

    await stage.test("who cannot register is told why, in the shop's own words", async () => {
      const tolerate = [/400 \(Bad Request\)/];
      const foreign = await customer("+447911123456", { tolerate });
      await foreign.sees("Numbers of this country cannot be confirmed here.");
      const nonsense = await customer("12", { tolerate });
      await nonsense.sees("Write your mobile number with the country code");
    });

    await stage.test("a webhook that nobody signed changes nothing", async () => {
      const body = JSON.stringify({ type: "onboarding.validated", timestamp: new Date().toISOString(), data: {} });
      const headers = { "webhook-id": "1", "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`, "webhook-signature": "v1,c2ln" };
      const answer = await fetch(`${shop.url}/hooks`, { method: "POST", headers, body });
      assert.equal(answer.status, 400);
    });
  } finally {
    shop.stop();
  }
}
