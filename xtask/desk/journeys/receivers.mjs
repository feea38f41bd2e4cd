// A phone is added, delivers with the secret that the page showed, gets a new one, is paused and revoked.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

export async function play(stage) {
  // An address that a phone can use: there is no QR code of one that it cannot.
  const bridge = await stage.bridge(["--public-url", "http://bridge.example.org"]);
  await bridge.set("local_sync_interval_seconds", 1);
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const secret = () => page.locator("#given dt:text-is('Secret') + dd code").innerText();
  const sure = () => page.getByRole("button", { name: "Yes, do it" }).click();
  const card = page.locator("section", { has: page.getByRole("heading", { name: "hall-phone", exact: true }) });
  let first;

  await stage.test("a name that is no word is refused beside the field", async () => {
    await visit.open("/admin/ui/receivers");
    await page.getByLabel("Name", { exact: true }).fill("hall phone!");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator('[data-wrong="name"]').filter({ hasText: /./ }).waitFor();
    assert.equal(await page.getByLabel("Name", { exact: true }).getAttribute("aria-invalid"), "true");
  });

  await stage.test("one is added and delivers", async () => {
    await page.getByLabel("Name", { exact: true }).fill("hall-phone");
    await page.getByLabel("App or provider").selectOption("generic");
    await page.getByLabel("Its number, which users text").fill("+91 90000 00001");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator("#given svg.qr").waitFor();
    first = await secret();
    const answer = await bridge.sms("+919810000500", "Hello", { key: first });
    assert.equal(answer.validation_status, "failed");
    // Counted where SMS are kept, which is after the next dump.
    await visit.openUntil("/admin/ui/receivers", "1 in 24 h");
  });

  await stage.test("with a new secret the old one holds until the change is finished", async () => {
    await card.getByRole("button", { name: "New secret" }).click();
    await sure();
    await page.locator("#given").getByText("shown this once").waitFor();
    const second = await secret();
    assert.notEqual(second, first);
    await bridge.sms("+919810000501", "Hello", { key: second });
    await bridge.sms("+919810000502", "Hello", { key: first });
    await visit.open("/admin/ui/receivers");
    await card.getByRole("button", { name: "Finish the change" }).click();
    await Promise.all([page.waitForEvent("load"), sure()]);
    const late = await bridge.ask("POST", "/sms/receive", { mobile_number: "+919810000503", sms_message: "Hello" }, first);
    assert.equal(late.status, 401);
  });

  await stage.test("it is paused and goes on", async () => {
    await Promise.all([page.waitForEvent("load"), card.getByRole("button", { name: "Pause" }).click()]);
    await card.getByText("paused").first().waitFor();
    await Promise.all([page.waitForEvent("load"), card.getByRole("button", { name: "Resume" }).click()]);
    await card.getByRole("button", { name: "Pause" }).waitFor();
  });

  await stage.test("a revoked one is gone, after a question", async () => {
    await card.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "No", exact: true }).click();
    assert.equal(await card.count(), 1);
    await card.getByRole("button", { name: "Revoke" }).click();
    await Promise.all([page.waitForEvent("load"), sure()]);
    assert.equal(await card.getByRole("button", { name: "Revoke" }).count(), 0);
  });
}
