// A number is blocked from the page: its right SMS is refused from then on, and so is its next registration.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

const NUMBER = "+919810000600";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const block = page.getByRole("region", { name: "Block a number" });

  await stage.test("what is no number is refused beside the field", async () => {
    await visit.open("/admin/ui/blacklist");
    await visit.sees("Nobody is blocked");
    await block.getByLabel("Number").fill("12");
    await block.getByRole("button", { name: "Block" }).click();
    await page.locator('[data-wrong="mobile_number"]').filter({ hasText: /./ }).waitFor();
  });

  await stage.test("the right SMS of a blocked number is refused", async () => {
    const { sms_body: text } = await bridge.register(NUMBER);
    await block.getByLabel("Number").fill("98100 00600");
    await block.getByLabel("Reason").fill("sells codes");
    await block.getByRole("button", { name: "Block" }).click();
    await visit.sees(NUMBER, "table");
    await visit.sees("sells codes", "table");
    const answer = await bridge.sms(NUMBER, text);
    assert.equal(answer.failed_at_check, "blacklist_check");
    const again = await bridge.ask("POST", "/onboard/register", { mobile_number: NUMBER }, bridge.keys.app);
    assert.equal(again.body.code, "blacklisted");
  });

  await stage.test("a list is imported, and what is wrong in it is said", async () => {
    await page.getByLabel(/One number a line/).fill("+919810000601,flood\nno number\n+919810000602");
    await page.getByRole("button", { name: "Import" }).click();
    await page.locator("#imported").getByText(/./).first().waitFor();
    await visit.open("/admin/ui/blacklist");
    await visit.sees("+919810000601", "table");
    await visit.sees("+919810000602", "table");
  });

  await stage.test("an unblocked number may register again", async () => {
    const row = page.locator("tr", { hasText: NUMBER });
    await row.getByRole("button", { name: "Unblock" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).click();
    await row.waitFor({ state: "detached" });
    await bridge.register(NUMBER, { device: "phone-2" });
  });
}
