// The person's page while something happens: it changes by itself, whatever the network does to its connections.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";
import { RECEIVER, WRONG, android, desktop, ipad, iphone, number } from "../phones.mjs";

export const weight = 7;

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("sms_receiver_number", RECEIVER);
  const path = ({ page_url }) => new URL(page_url, bridge.url).pathname;
  const passes = (registered) => bridge.sms(registered.mobile_number, registered.sms_body);
  const heading = (visit, name) => visit.page.getByRole("heading", { level: 1, name }).waitFor();
  const DONE = "Your number is confirmed";

  await stage.test("it changes when the SMS comes, and moves the focus to what it says", async () => {
    const visit = await stage.visitor(android);
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await bridge.sms(registered.mobile_number, WRONG);
    await heading(visit, "The text was not right");
    await passes(registered);
    await heading(visit, DONE);
    assert.equal(await visit.page.evaluate(() => document.activeElement.id), "heading");
    await visit.page.waitForFunction((text) => document.getElementById("news").textContent === text, DONE);
    assert.equal(await visit.page.locator("[aria-live=polite]").count(), 1, "one live region");
    assert.equal(new URL(visit.page.url()).pathname, "/v/done", "the token is in the history no more");
    await visit.page.reload();
    await heading(visit, "You are done here");
  });

  await stage.test("every device gets the link that it opens", async () => {
    for (const [device, separator] of [[android, "?body="], [iphone, "&body="], [ipad, "&body="]]) {
      const visit = await stage.visitor(device);
      const registered = await bridge.register(number());
      await visit.open(path(registered));
      const send = visit.page.locator("#send");
      await send.waitFor();
      assert.equal(await send.getAttribute("href"), `sms:${RECEIVER}${separator}${registered.sms_body}`);
      assert.equal(await visit.page.locator(".on-desktop").first().isVisible(), false);
    }
    const visit = await stage.visitor(desktop);
    await visit.open(path(await bridge.register(number())));
    await visit.page.getByAltText("QR code that opens this page on your phone").waitFor();
    assert.equal(await visit.page.locator("#send").isVisible(), false);
  });

  await stage.test("after the tap it waits, and after a while it helps", async () => {
    const visit = await stage.visitor(android);
    await visit.page.clock.install();
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await visit.page.evaluate(() => addEventListener("click", (event) => event.preventDefault()));
    await visit.page.locator("#send").click();
    await visit.page.getByRole("heading", { name: "Waiting for your SMS" }).waitFor();
    await visit.picture(`${stage.shots}/page-waiting.light.phone.png`);
    assert.equal(await visit.page.locator("#help[open]").count(), 0);
    await visit.page.clock.runFor(20_500);
    await visit.page.locator("#help[open]").waitFor();
    await visit.picture(`${stage.shots}/page-waiting-help.light.phone.png`);
  });

  await stage.test("the countdown is the server's, with the device's clock a day off", async () => {
    const visit = await stage.visitor(android);
    await visit.page.clock.install({ time: Date.now() + 86_400_000 });
    await visit.open(path(await bridge.register(number())));
    const left = async () => {
      const [minutes, seconds] = (await visit.page.locator("#clock").textContent()).split(":").map(Number);
      return minutes * 60 + seconds;
    };
    const first = await left();
    assert.ok(first > 280 && first <= 300, `${first}`);
    // What the stream says first may come while this clock runs ahead: the countdown follows the server once more then.
    let gone = 0;
    for (let tries = 0; tries < 3 && Math.abs(gone - 20) > 2; tries += 1) {
      const before = await left();
      await visit.page.clock.runFor(20_000);
      gone = before - (await left());
    }
    assert.ok(Math.abs(gone - 20) <= 2, `${gone} of 20 seconds`);
  });

  await stage.test("at the end a new code is one button away", async () => {
    await bridge.set("user_timelimit_seconds", 4);
    const visit = await stage.visitor(iphone);
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await heading(visit, "The time is over");
    await bridge.set("user_timelimit_seconds", 300);
    await visit.page.getByRole("button", { name: "Get a new code" }).click();
    await heading(visit, "Send one SMS to confirm your number");
    assert.notEqual(new URL(visit.page.url()).pathname, path(registered));
  });

  for (const [how, broken] of [
    ["streams are refused", /\/events/],
    ["streams and long polls are refused", /\/events|wait=/],
  ]) {
    await stage.test(`it changes where ${how}`, async () => {
      const visit = await stage.visitor({ ...android, tolerate: [/net::ERR/] });
      await visit.page.route(broken, (route) => route.abort());
      const registered = await bridge.register(number());
      await visit.open(path(registered));
      await passes(registered);
      await heading(visit, DONE);
    });
  }

  await stage.test("a stream that says nothing is given up", async () => {
    const visit = await stage.visitor({ ...android, tolerate: [/net::ERR/] });
    // A proxy that holds everything back.
    await visit.page.route(/\/events/, () => {});
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await passes(registered);
    await heading(visit, DONE);
  });

  await stage.test("back from another app, it asks at once", async () => {
    const visit = await stage.visitor({ ...iphone, tolerate: [/net::ERR/] });
    await visit.page.route(/\/onboard\//, () => {});
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await passes(registered);
    await visit.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await heading(visit, DONE);
  });

  await stage.test("without a network for a while, it asks at once when it is back", async () => {
    const visit = await stage.visitor({ ...android, tolerate: [/net::ERR/] });
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await visit.page.context().setOffline(true);
    await passes(registered);
    await visit.page.context().setOffline(false);
    await heading(visit, DONE);
  });

  await stage.test("a tab that was hidden shows what happened when it is looked at", async () => {
    const visit = await stage.visitor(android);
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    const shown = (state) =>
      visit.page.evaluate((value) => {
        Object.defineProperty(document, "visibilityState", { configurable: true, get: () => value });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await shown("hidden");
    await passes(registered);
    await shown("visible");
    await heading(visit, DONE);
  });

  await stage.test("who comes by the code is counted as one who scanned it", async () => {
    const visit = await stage.visitor(android);
    const told = (word) => visit.page.waitForRequest((request) => request.postData()?.includes(`event=${word}`));
    const scanned = told("scanned");
    await visit.open(`${path(await bridge.register(number()))}?by=code`);
    assert.equal((await (await scanned).response()).status(), 204);
  });

  await stage.test("a pause is shown and ends by itself", async () => {
    const visit = await stage.visitor(android);
    await visit.open(path(await bridge.register(number())));
    await bridge.set("maintenance_mode", true);
    await heading(visit, "A short pause on our side");
    await bridge.set("maintenance_mode", false);
    await heading(visit, "Send one SMS to confirm your number");
  });

  await stage.test("the operator sees how far people come", async () => {
    const desk = await owner(stage, bridge);
    await desk.openUntil("/admin", "On their page");
    const row = desk.page.getByRole("row", { name: /^en android/ });
    await row.waitFor();
    await desk.picture(`${stage.shots}/page-funnel.png`);
  });

  await stage.test("without scripts it looks again by itself", async () => {
    const visit = await stage.visitor({ ...android, javaScript: false });
    const registered = await bridge.register(number());
    await visit.open(path(registered));
    await visit.picture(`${stage.shots}/page-no-scripts.light.phone.png`);
    assert.match(await visit.page.content(), /This page looks again every 10 seconds\./);
    await passes(registered);
    await heading(visit, DONE);
  });

  await stage.test("with the keyboard alone it can be stopped and begun again", async () => {
    const visit = await stage.visitor(desktop);
    await visit.open(path(await bridge.register(number())));
    const press = async (name) => {
      for (let tries = 0; tries < 40; tries++) {
        await visit.page.keyboard.press("Tab");
        const on = await visit.page.evaluate(() => document.activeElement.textContent.trim());
        if (on === name) return visit.page.keyboard.press("Enter");
      }
      throw new Error(`no key leads to ${name}`);
    };
    await press("Stop: this was not me, or the number is wrong");
    await heading(visit, "Stopped");
    await press("Get a new code");
    await heading(visit, "Send one SMS to confirm your number");
  });
}
