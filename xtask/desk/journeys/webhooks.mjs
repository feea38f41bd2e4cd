// An app is told, from the desk: added with its secret shown once, tried, what it was told looked at to the letter, delivered
// again, changed, switched off, removed.
import assert from "node:assert/strict";

import { lookAt } from "../look.mjs";
import { owner } from "../people.mjs";
import { sink } from "../sink.mjs";

const ALICE = "+919876543210";

export async function play(stage) {
  const bridge = await stage.bridge(["--webhook-allow", "127.0.0.1/32"]);
  await bridge.set("sms_receiver_number", "+919800000000");
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const app = await sink();
  const until = async (what, holds) => {
    for (let tries = 0; !(await holds()); tries++) {
      assert.ok(tries < 100, what);
      await page.waitForTimeout(100);
    }
  };
  const click = (name) => page.getByRole("button", { name, exact: true }).first().click();
  /** What is done shows the page anew. */
  const anew = (act) => Promise.all([page.waitForEvent("load"), act()]);
  const confirmed = () => click("Yes, do it");

  await stage.test("what is wrong with an address is said beside it", async () => {
    await visit.open("/admin/ui/webhooks");
    await visit.sees("Nobody is told anything");
    await page.getByLabel("Address").fill("http://10.0.0.1/hooks");
    await page.getByRole("button", { name: "Add" }).click();
    await page.locator('[data-wrong="url"]').filter({ hasText: /SMS_BRIDGE_WEBHOOK_ALLOW/ }).waitFor();
  });

  await stage.test("it is added, and its secret is shown this once", async () => {
    await page.getByLabel("Address").fill(app.url);
    await page.getByLabel("What it is for").fill("the shop");
    for (const box of await page.getByRole("checkbox").all()) {
      const wanted = ["onboarding.validated", "sms.judged"].includes(await box.getAttribute("name"));
      await box.setChecked(wanted);
    }
    await page.getByRole("button", { name: "Add" }).click();
    await page.locator("#given").getByText("The secret is shown this once.").waitFor();
    const secret = await page.locator("#given code").innerText();
    assert.match(secret, /^whsec_/);
    await page.getByRole("link", { name: "Done: show it" }).click();
    await visit.sees("Nothing was delivered yet");
    assert.ok(!(await page.content()).includes(secret));
  });
  const one = new URL(page.url()).pathname;

  await stage.test("a test shows what came back", async () => {
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.locator("#given").getByText("It was taken: 200").waitFor();
    assert.equal(app.told[0].type, "webhook.test");
  });

  await stage.test("what it was told is listed, every try and the message to the letter", async () => {
    const { sms_body: text } = await bridge.register(ALICE);
    await bridge.sms(ALICE, text);
    await until("both are told", () => app.told.length === 3);
    await visit.openUntil(one, "2 taken, 0 wait, 0 given up");
    await page.getByText("What is posted").first().click();
    const posted = await page.locator("td pre").filter({ visible: true }).innerText();
    assert.deepEqual(JSON.parse(posted), app.told[2]);
    assert.equal(app.told[2].type, "onboarding.validated");
  });

  await stage.test("one delivery is delivered again, and everything since", async () => {
    await anew(() => click("Deliver again"));
    await until("it comes once more", () => app.told.length === 4);
    await page.getByLabel("Everything since (UTC)").fill("2020-01-01T00:00");
    await page.locator("section", { has: page.getByLabel("Everything since (UTC)") }).getByRole("button").click();
    await anew(confirmed);
    await until("both come once more", () => app.told.length === 6);
  });

  await stage.test("an app that fails is said to fail, and why", async () => {
    app.answers(503);
    await bridge.sms(ALICE, "one more");
    await visit.openUntil(one, "it answered 503");
    await visit.sees("Nothing was taken since");
    await visit.open("/admin/ui/webhooks");
    await visit.sees("failing", "table");
  });

  await stage.test("the list, with one that fails", () => lookAt(stage, visit, "/admin/ui/webhooks", "told"));
  await stage.test("the webhook and its deliveries", () => lookAt(stage, visit, one, "told"));

  await stage.test("once it is changed, what waits is tried at once", async () => {
    app.answers(200);
    await visit.open(one);
    await page.locator("#description").fill("the shop, mended");
    await anew(() => click("Save"));
    await visit.openUntil(one, "3 taken, 0 wait, 0 given up");
    await visit.sees("the shop, mended");
  });

  await stage.test("it gets a new secret, is switched off and on, and removed", async () => {
    await click("New secret");
    await confirmed();
    await page.locator("#given").getByText("For 24 hours messages are signed with the one before, too.").waitFor();
    await visit.open(one);
    await visit.sees("Old secret");
    await anew(() => click("Switch off"));
    await visit.sees("It is switched off: nothing is kept for it.");
    await anew(() => click("Switch on"));
    await click("Remove");
    await confirmed();
    await visit.sees("Nobody is told anything");
  });
  app.close();
}
