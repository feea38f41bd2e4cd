// Somebody floods: it is seen at a glance, the number is blocked, and a report about it leaves the house.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { owner } from "../people.mjs";

const NUMBER = "+919810000950";

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("local_sync_interval_seconds", 1);
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("a sender who fails again and again is found and blocked", async () => {
    await bridge.register(NUMBER, { email: "flood@example.com" });
    for (let n = 0; n < 4; n++) await bridge.sms(NUMBER, `guess ${n}`);
    await visit.openUntil("/admin/ui/sms", "guess 3");
    await visit.open("/admin/ui/abuse");
    const row = page.locator("tr", { hasText: NUMBER });
    const all = row.getByText("4", { exact: true });
    // Figures are of what is written.
    for (let tries = 0; (await all.count()) === 0 && tries < 40; tries++) {
      await page.waitForTimeout(250);
      await visit.open("/admin/ui/abuse");
    }
    await all.waitFor();
    await row.getByRole("link", { name: "Block" }).click();
    await page.getByRole("button", { name: "Block", exact: true }).click();
    await visit.sees(NUMBER, "table");
    const again = await bridge.ask("POST", "/onboard/register", { mobile_number: NUMBER }, bridge.keys.app);
    assert.equal(again.body.code, "blacklisted");
  });

  await stage.test("a report says what came, when and through which receiver", async () => {
    await visit.open("/admin/ui/abuse");
    const row = page.locator("tr", { hasText: NUMBER });
    await row.getByText(/blocked/).waitFor();
    await row.getByRole("link", { name: "Report" }).click();
    await visit.sees("flood@example.com", "main");
    await visit.sees("guess 3", "table");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    assert.equal(csv.trim().split("\n").length, 5, csv);
  });
}
