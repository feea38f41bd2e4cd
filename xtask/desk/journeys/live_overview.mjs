// The overview follows what happens while somebody looks, and says when it does not.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";

const NUMBER = "+919810000301";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("an SMS appears without a reload", async () => {
    await visit.open("/admin");
    await visit.sees("No SMS yet");
    await page.evaluate(() => (globalThis.never = "loaded again"));
    const { sms_body: text } = await bridge.register(NUMBER);
    await bridge.sms(NUMBER, text);
    await visit.sees("passed", "table");
    assert.equal(await page.evaluate(() => globalThis.never), "loaded again");
  });

  await stage.test("it rests when it is told to", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await bridge.sms("+919810000302", "not what was asked for");
    await page.getByRole("button", { name: "Go on" }).click();
    await visit.sees("header_hash_check", "table");
  });

  await stage.test("keys lead to pages, and ? tells them", async () => {
    await page.keyboard.press("?");
    await page.locator("dialog#keys").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await visit.open("/admin");
    await page.keyboard.press("g");
    await Promise.all([page.waitForEvent("load"), page.keyboard.press("o")]);
    assert.equal(new URL(page.url()).pathname, "/admin");
  });

  await stage.test("the colours that were chosen stay", async () => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await page.getByRole("button", { name: "Colours" }).click();
    assert.equal(await theme(), "dark");
    await page.reload();
    assert.equal(await theme(), "dark");
  });

  await stage.test("it says when the bridge has gone", async () => {
    visit.tolerate(/net::ERR_(CONNECTION|INCOMPLETE|SOCKET|EMPTY)/);
    await bridge.stop();
    await visit.sees(/not up to date/, "main");
  });
}
