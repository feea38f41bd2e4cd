// An outage on purpose: SMS wait, are judged afterwards in their order; and a phone's own list says what was missed.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

const NUMBER = "+919810000900";

export async function play(stage) {
  const bridge = await stage.bridge();
  for (const key of ["local_sync_interval_seconds", "replay_interval_seconds"]) await bridge.set(key, 1);
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("what comes in during maintenance waits where one can see it", async () => {
    await visit.open("/admin/ui/recovery");
    await visit.sees("No SMS waits");
    const { sms_body: text } = await bridge.register(NUMBER);
    await bridge.set("maintenance_mode", true);
    await bridge.sms(NUMBER, text);
    await visit.openUntil("/admin/ui/recovery", NUMBER);
    await page.locator(".health").getByText(/maintenance/i).first().waitFor({ state: "attached" });
  });

  await stage.test("it is judged afterwards, with its own times", async () => {
    await bridge.set("maintenance_mode", false);
    await visit.openUntil("/admin/ui/sms?status=passed", NUMBER);
    await page.locator("tbody a").first().click();
    await visit.sees("It waited");
  });

  await stage.test("a phone's list is compared, and what is missing is taken in", async () => {
    const at = new Date(Date.now() - 60_000).toISOString();
    const list = `sender_number,sms_message,received_timestamp\n+919810000901,Hello there,${at}\n`;
    await visit.open("/admin/ui/recovery");
    await page.getByLabel("The list").setInputFiles({ name: "inbox.csv", mimeType: "text/csv", buffer: Buffer.from(list) });
    await page.getByRole("button", { name: "Compare" }).click();
    await visit.sees(/1 missing/, "#gap-report");
    await page.getByRole("button", { name: "Import what is missing" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).click();
    await visit.sees(/were missing and are judged now/, "#gap-report");
    await visit.openUntil("/admin/ui/sms", "Hello there");
    const asked = await bridge.must("GET", "/admin/sms?mobile=%2B919810000901");
    assert.ok(JSON.stringify(asked).includes("Hello there"));
  });
}
