// Ctrl K leads anywhere, a search is kept under a name, keys of apps are made and taken away, and a phone keeps the icon.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("the palette leads to a page by a part of its name", async () => {
    await visit.open("/admin");
    await page.keyboard.press("Control+k");
    await page.locator("#palette").waitFor();
    await page.keyboard.type("quar");
    await page.locator('#palette li[aria-selected="true"]', { hasText: "Quarantine" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/admin/ui/quarantine");
  });

  await stage.test("what is no page is searched for", async () => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type("hello there");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/admin/ui/find?q=hello+there");
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#palette[open]").count(), 0);
  });

  await stage.test("a search is kept under a name and forgotten again", async () => {
    await visit.open("/admin/ui/sms?status=failed");
    await page.getByLabel("A name for this search").fill("what failed");
    await page.getByRole("button", { name: "Keep it" }).click();
    await visit.open("/admin/ui/sms");
    await page.getByRole("link", { name: "what failed" }).click();
    await page.waitForURL("**/admin/ui/sms?status=failed");
    await page.getByRole("button", { name: "Forget the search what failed" }).click();
    assert.equal(await page.getByRole("link", { name: "what failed" }).count(), 0);
  });

  await stage.test("a key is made, shown once, used, and refused when it is revoked", async () => {
    await visit.open("/admin/ui/api-keys");
    await page.getByLabel("Who will have it").fill("the shop");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByText("are missing: choose of").waitFor();
    visit.forgetTrouble();
    await page.locator('input[name="status"]').check();
    await page.getByRole("button", { name: "Make it" }).click();
    const secret = await page.locator("#given code").first().textContent();
    assert.match(secret, /^sbk_[0-9a-f]{64}$/);
    const asked = async () => (await bridge.ask("GET", "/onboard/status/%2B919810000001", undefined, secret)).status;
    assert.equal(await asked(), 404);
    await page.getByRole("link", { name: "Done: show the list" }).click();
    await visit.sees("the shop", "table");
    assert.ok(!(await page.content()).includes(secret));
    await page.getByRole("button", { name: "Revoke the shop" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).click();
    await visit.sees("No key was made yet");
    assert.equal(await asked(), 401);
  });
}
