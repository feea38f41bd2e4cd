// The Test Lab: a simulated user registers and sends, journeys are played, a list is judged row by row; and none of it
// is in the bridge's own stores.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge);
  const { page } = visit;
  const events = page.locator("#feed > details");
  const latest = (text) => page.locator("#feed > details > summary").first().filter({ hasText: text }).waitFor();
  const journeys = [
    ["wrong-hash", "header_hash_check"],
    ["after-deadline", "time_window_check"],
    ["late", "passed"],
    ["flood", "blacklisted"],
  ];

  await stage.test("a simulated user registers, sends and is validated", async () => {
    await visit.open("/admin/ui/lab");
    await visit.sees("Nothing happened in the lab yet");
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "1. Register" }).click()]);
    assert.match(await page.getByLabel("Text").inputValue(), /^ONBOARD:/, "the SMS to send is ready");
    await page.getByRole("button", { name: "2. Send the SMS" }).click();
    await latest("passed");
    await events.first().locator("summary").click();
    await visit.sees("time_window_check", "#feed .trace");
    await visit.sees("test", "#feed summary .pill");
  });

  await stage.test("journeys that are known end as they should", async () => {
    for (const [name, outcome] of journeys) {
      await page.getByRole("button", { name, exact: true }).click();
      await latest(outcome);
    }
    assert.equal(await page.locator("#feed .pill", { hasText: "expected" }).count(), 0);
  });

  await stage.test("every row of a list gets its verdict", async () => {
    const at = new Date().toISOString();
    const rows = ["sender_number,sms_message,received_timestamp"];
    for (let n = 0; n < 3; n++) rows.push(`+91981000100${n},no hash ${n},${at}`);
    const file = { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(`${rows.join("\n")}\n`) };
    await page.getByLabel(/^CSV/).setInputFiles(file);
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Judge each row" }).click()]);
    assert.equal(await events.filter({ hasText: "+91981000100" }).count(), 3);
  });

  await stage.test("none of it is in the bridge's own stores", async () => {
    await visit.open("/admin/ui/sms");
    await visit.sees("No SMS yet");
    await visit.open("/admin/ui/validated");
    await visit.sees("No number is validated yet");
  });

  await stage.test("it begins anew", async () => {
    await visit.open("/admin/ui/lab");
    await page.getByRole("button", { name: "Begin anew" }).click();
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Yes, do it" }).click()]);
    await visit.sees("Nothing happened in the lab yet");
  });
}
