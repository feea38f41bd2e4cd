// Somebody floods: it is seen at a glance, the number is blocked, its e-mail address too, and a report leaves the house.
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
    await visit.openUntil("/admin/ui/abuse", NUMBER);
    const row = page.locator("tr", { hasText: NUMBER });
    await row.getByText("4", { exact: true }).waitFor();
    await row.getByRole("button", { name: "Block" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).or(row.getByText(/blocked/)).first().waitFor();
    const question = page.getByRole("button", { name: "Yes, do it" });
    if (await question.count()) await question.click();
    await row.getByText(/blocked/).waitFor();
    const again = await bridge.ask("POST", "/onboard/register", { mobile_number: NUMBER }, bridge.keys.app);
    assert.equal(again.body.code, "blacklisted");
  });

  await stage.test("a report says what came, when and through which receiver", async () => {
    await page.locator("tr", { hasText: NUMBER }).getByRole("link", { name: "Report" }).click();
    await visit.sees("flood@example.com", "main");
    await visit.sees("guess 3", "table");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    assert.equal(csv.trim().split("\n").length, 5, csv);
  });
}
