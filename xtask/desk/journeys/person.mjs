// What is kept of one person is shown, handed out and erased, with a receipt that does not say the number.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { owner } from "../people.mjs";

const NUMBER = "+919810000800";

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("local_sync_interval_seconds", 1);
  const { sms_body: text } = await bridge.register(NUMBER, { email: "paula@example.com" });
  await bridge.sms(NUMBER, text);
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const path = `/admin/ui/person?mobile=${encodeURIComponent(NUMBER)}`;

  await stage.test("what is kept is counted and handed out", async () => {
    await visit.openUntil("/admin/ui/sms", NUMBER);
    await visit.open("/admin/ui/person");
    await page.getByLabel("The person's number").fill("98100 00800");
    await page.getByRole("button", { name: "Show what is kept" }).click();
    await visit.sees("input_sms", "table");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: /Export everything/ }).click();
    const kept = await readFile(await (await download).path(), "utf8");
    assert.ok(kept.includes("paula@example.com") && kept.includes(text), kept);
  });

  await stage.test("another number typed twice erases nobody", async () => {
    await page.getByLabel("Type the number once more").fill("+919810000801");
    await page.getByRole("button", { name: "Erase" }).click();
    await page.locator('[data-wrong="again"]').filter({ hasText: /./ }).waitFor();
  });

  await stage.test("the person is erased, and the receipt does not name them", async () => {
    await page.getByLabel("Type the number once more").fill(NUMBER);
    await page.getByRole("button", { name: "Erase" }).click();
    await page.locator("#erased .receipt").waitFor();
    assert.ok(!(await page.locator("#erased").innerText()).includes(NUMBER));
    await visit.open(path);
    await visit.sees("Nothing is kept of this number");
    await visit.open(`/admin/ui/sms?mobile=${encodeURIComponent(NUMBER)}`);
    await visit.sees("No SMS like that");
    await visit.open("/admin/ui/log?action=person");
    await visit.sees("olga", "tbody");
  });
}
