// The first start: the link that the bridge prints, the first owner, the way out and in again, and tries that are
// too many.
import assert from "node:assert/strict";

import { logIn, PASSWORD } from "../people.mjs";

const NAME = "olga";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await stage.visitor();
  const { page } = visit;
  const at = (path) => page.waitForURL((url) => url.pathname === path);

  await stage.test("nobody comes in before", async () => {
    await visit.open("/admin");
    await at("/admin/login");
    await visit.sees("There is no account yet");
  });

  await stage.test("the printed link makes the owner", async () => {
    await visit.open(bridge.setUpLink);
    assert.equal(await page.evaluate(() => location.hash), "", "the token stays in no history");
    await page.getByLabel("Name").fill(NAME);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("The same again").fill("four other words here");
    visit.tolerate(/the server responded with a status of 4\d\d/);
    await page.getByRole("button", { name: "Make the account" }).click();
    await visit.sees("is another than the password above", '[data-wrong="again"]');
    await page.getByLabel("The same again").fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await at("/admin");
    await visit.sees(NAME, ".who");
  });

  await stage.test("the session is for no script and no other site", async () => {
    const [cookie] = await visit.cookies();
    assert.ok(cookie.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));
    assert.equal(await page.evaluate(() => document.cookie), "");
  });

  await stage.test("the link works once", async () => {
    const second = await stage.visitor({ tolerate: [/the server responded with a status of 4\d\d/] });
    await second.open(bridge.setUpLink);
    await second.page.getByLabel("Name").fill("mallory");
    await second.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await second.page.getByLabel("The same again").fill(PASSWORD);
    await second.page.getByRole("button", { name: "Make the account" }).click();
    await second.sees("this link does not work any more");
  });

  await stage.test("out, and in again where one wanted to go", async () => {
    await page.getByRole("button", { name: "Log out" }).click();
    await at("/admin/login");
    await visit.open("/admin/ui/workers");
    await at("/admin/login");
    await logIn(visit, NAME);
    await at("/admin/ui/workers");
  });

  await stage.test("a wrong password is said beside the field, and soon throttled", async () => {
    const guesser = await stage.visitor({ tolerate: [/the server responded with a status of 4\d\d/] });
    await guesser.open("/admin/login");
    await logIn(guesser, NAME, "not the password at all");
    await guesser.sees("or name is wrong", '[data-wrong="password"]');
    const told = guesser.page.locator('[data-wrong=""], .toast').filter({ hasText: /too many|later|seconds|minute/i });
    for (let tries = 0; !(await told.count()) && tries < 15; tries++) {
      const answered = guesser.page.waitForResponse((response) => response.request().method() === "POST");
      await guesser.page.getByRole("button", { name: "Log in" }).click();
      const response = await answered;
      if (response.status() !== 429) continue;
      assert.ok(Number(response.headers()["retry-after"]) > 0);
      await told.first().waitFor();
    }
    assert.equal(await told.count(), 1, "ten tries at once are too many");
    // The one who is in stays in.
    await visit.open("/admin");
  });
}
