// Every state of the person's page, on a phone and on a desktop, in light and dark, with nothing that axe-core has to say.
import assert from "node:assert/strict";

import { ANYTHING, violations } from "../look.mjs";
import { RECEIVER, WRONG, android, desktop, number } from "../phones.mjs";

export const weight = 8;

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("page_app_name", "Corner Shop");
  await bridge.set("page_help_contact", "help@shop.example");
  await bridge.set("page_privacy_url", "https://shop.example/privacy");
  await bridge.set("return_url_origins", ["https://shop.example"]);
  const phone = await stage.visitor(android);
  const desk = await stage.visitor(desktop);
  const path = ({ page_url }) => new URL(page_url, bridge.url).pathname;
  const fresh = (more) => bridge.register(number(), { return_url: "https://shop.example/done", ...more });

  async function drawn(name, of) {
    await stage.test(name, async () => {
      const where = await of();
      const wrong = [];
      for (const [device, visit] of Object.entries({ phone, desktop: desk })) {
        const { page } = visit;
        await visit.open(where);
        const shown = await page.locator("#stage").getAttribute("data-stage").catch(() => null);
        if (shown && !name.startsWith(shown)) wrong.push(`${device}: it shows ${shown}`);
        for (const scheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme: scheme });
          await visit.picture(`${stage.shots}/page-${name.replaceAll(" ", "-")}.${scheme}.${device}.png`);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (over > 0) wrong.push(`${device}: ${over} pixels too wide`);
          wrong.push(...(await violations(page, stage.axe, ANYTHING)).map((one) => `${device} ${scheme}: ${one}`));
        }
        await page.emulateMedia({ colorScheme: "light" });
      }
      assert.deepEqual([...new Set(wrong)], []);
    });
  }

  await drawn("ready", async () => path(await fresh()));
  await drawn("not_matched", async () => {
    const registered = await fresh();
    await bridge.sms(registered.mobile_number, WRONG);
    return path(registered);
  });
  await drawn("validated", async () => {
    const registered = await fresh();
    await bridge.sms(registered.mobile_number, registered.sms_body);
    return path(registered);
  });
  await drawn("cancelled", async () => {
    const registered = await fresh();
    await fetch(`${bridge.url}${path(registered)}/cancel`, { method: "POST" });
    return path(registered);
  });
  await bridge.set("user_timelimit_seconds", 1);
  await drawn("superseded", async () => {
    const registered = await fresh();
    await new Promise((done) => setTimeout(done, 1_100));
    await fetch(`${bridge.url}${path(registered)}/again`, { method: "POST", redirect: "manual" });
    return path(registered);
  });
  const over = async (then) => {
    const registered = await fresh();
    if (then) await then(registered);
    await new Promise((done) => setTimeout(done, 1_100));
    return path(registered);
  };
  await drawn("expired", () => over());
  await drawn("not_matched and over", () => over((registered) => bridge.sms(registered.mobile_number, WRONG)));
  await bridge.set("clock_skew_tolerance_seconds", 0);
  await drawn("late", async () => {
    const registered = await fresh();
    await new Promise((done) => setTimeout(done, 2_100));
    await bridge.sms(registered.mobile_number, registered.sms_body);
    return path(registered);
  });
  await bridge.set("clock_skew_tolerance_seconds", 60);
  await bridge.set("user_timelimit_seconds", 300);
  await bridge.set("count_check_threshold", 1);
  await drawn("too_many", async () => {
    const registered = await fresh();
    await bridge.sms(registered.mobile_number, WRONG);
    await bridge.sms(registered.mobile_number, registered.sms_body);
    return path(registered);
  });
  await bridge.set("count_check_threshold", 5);
  await drawn("refused", async () => {
    const registered = await fresh();
    await bridge.must("POST", "/admin/blacklist", { mobile_number: registered.mobile_number, reason: "spam" });
    await bridge.sms(registered.mobile_number, registered.sms_body);
    return path(registered);
  });
  await bridge.set("hosted_registration_enabled", true);
  for (const visit of [phone, desk]) visit.tolerate(/the server responded with a status of 4\d\d/);
  await stage.test("a form that is wrong says where", async () => {
    const { page } = phone;
    await phone.open("/v");
    await phone.picture(`${stage.shots}/page-form.light.phone.png`);
    assert.deepEqual(await violations(page, stage.axe, ANYTHING), []);
    await page.getByRole("button").click();
    await page.getByRole("alert").waitFor();
    await phone.picture(`${stage.shots}/page-form-wrong.light.phone.png`);
    assert.deepEqual(await violations(page, stage.axe, ANYTHING), []);
    await page.getByRole("alert").getByRole("link").first().click();
    await page.getByLabel("Mobile number").fill("+91 98100 77777");
    await page.getByLabel(/I agree/).check();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("heading", { name: "Send one SMS to confirm your number" }).waitFor();
  });
  await stage.test("a link that leads nowhere says so", async () => {
    const { page } = phone;
    await page.goto("/v/nobody.knows");
    await phone.picture(`${stage.shots}/page-missing.light.phone.png`);
    await phone.sees("This page does not exist");
    assert.deepEqual(await violations(page, stage.axe, ANYTHING), []);
  });
  const paused = await fresh();
  await bridge.set("maintenance_mode", true);
  await drawn("paused", () => path(paused));
  await drawn("checking", async () => {
    await bridge.sms(paused.mobile_number, paused.sms_body);
    return path(paused);
  });
}
