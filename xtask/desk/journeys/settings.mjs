// A setting is tried on stored SMS, saved without a reload, holds for the next SMS, and is rolled back; what breaks a
// rule is refused beside its field.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

const KEY = "count_check_threshold";

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("local_sync_interval_seconds", 1);
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const field = page.locator(`#i-${KEY}`);
  /** The second SMS is the right one; answers where it failed. */
  const second = async (mobile) => {
    const { sms_body: text } = await bridge.register(mobile);
    await bridge.sms(mobile, "ONBOARD:" + "0".repeat(64));
    return (await bridge.sms(mobile, text)).failed_at_check ?? null;
  };

  await stage.test("a value that breaks a rule is refused beside its field", async () => {
    assert.equal(await second("+919810000700"), null);
    await visit.openUntil("/admin/ui/sms", "passed");
    await visit.open("/admin/settings/ui");
    await page.evaluate(() => (globalThis.never = "loaded again"));
    await field.fill("0");
    await page.getByRole("button", { name: "Save" }).click();
    await visit.sees(/whole number from 1/, `[data-wrong="${KEY}"]`);
    // Alone it is a number; beside another setting it is too much.
    await field.fill("500");
    await page.getByRole("button", { name: "Save" }).click();
    await visit.sees(/must be greater than count_check_threshold/, '[data-wrong="blacklist_threshold"]');
  });

  await stage.test("it is tried on stored SMS first", async () => {
    await field.fill("1");
    await page.getByRole("button", { name: "Try it" }).click();
    const otherwise = page.locator("#tried .tile", { hasText: "would fail that passed" });
    await otherwise.getByText("1", { exact: true }).waitFor();
    await visit.sees(/count_check/, "#tried table");
    assert.equal(await second("+919810000701"), null, "nothing was changed");
  });

  await stage.test("it is saved without a reload, and the next SMS is judged by it", async () => {
    const saved = page.waitForResponse((response) => response.request().method() === "POST");
    await page.getByRole("button", { name: "Save" }).click();
    assert.equal((await saved).status(), 200);
    await page.locator(".toast").waitFor();
    assert.equal(await page.evaluate(() => globalThis.never), "loaded again");
    assert.equal(await second("+919810000702"), "count_check");
  });

  await stage.test("it is rolled back with one press", async () => {
    await visit.open(`/admin/settings/ui/history?key=${KEY}`);
    await visit.sees("olga", "tbody");
    await page.getByRole("button", { name: "Roll back" }).first().click();
    await page.locator(".toast").waitFor();
    await visit.open("/admin/settings/ui");
    assert.equal(await field.inputValue(), "5");
    assert.equal(await second("+919810000703"), null);
  });

  await stage.test("what is dangerous says so before it is saved", async () => {
    const warning = page.locator('[data-danger="i-header_hash_check_enabled"]').first();
    assert.ok(!(await warning.isVisible()));
    await page.locator("#i-header_hash_check_enabled").uncheck();
    await warning.waitFor();
    await page.locator("#i-header_hash_check_enabled").check();
    await warning.waitFor({ state: "hidden" });
  });

  await stage.test("a setting is found while one types, and Enter saves nothing", async () => {
    await page.getByLabel("Find a setting").fill("blacklist thres");
    assert.equal(await page.locator(".setting:visible").count(), 1);
    const posts = [];
    page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
    await page.keyboard.press("Enter");
    await page.getByLabel("Find a setting").fill("");
    assert.ok((await page.locator(".setting:visible").count()) > 30);
    assert.deepEqual(posts, []);
  });
}
