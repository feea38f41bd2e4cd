// Somebody is told from the page: a way is chosen, its own fields are filled in, a test shows what came back.
import assert from "node:assert/strict";

import { owner } from "../people.mjs";
import { sink } from "../sink.mjs";

export async function play(stage) {
  const bridge = await stage.bridge(["--webhook-allow", "127.0.0.1/32"]);
  const visit = await owner(stage, bridge, { tolerate: [/the server responded with a status of 4\d\d/] });
  const { page } = visit;
  const ntfy = await sink();

  await stage.test("a way asks for its own fields alone, and says which is wrong", async () => {
    await visit.open("/admin/ui/alerts");
    await visit.sees("Nobody is told anything");
    await page.getByRole("link", { name: "E-mail", exact: true }).click();
    await page.getByLabel("Mail server").waitFor();
    await page.getByRole("link", { name: "ntfy", exact: true }).click();
    await page.getByLabel("Topic").waitFor();
    assert.equal(await page.getByLabel("Mail server").count(), 0);
    await page.getByLabel("Topic").fill("http://169.254.169.254/x");
    await page.getByRole("button", { name: "Add" }).click();
    await page.locator('[data-wrong="url"]').filter({ hasText: /SMS_BRIDGE_WEBHOOK_ALLOW/ }).waitFor();
  });

  await stage.test("it is added with quiet hours, and a test shows what came back", async () => {
    await page.getByLabel("Topic").fill(ntfy.url);
    await page.getByLabel("Who that is").fill("the night watch");
    await page.getByLabel("Quiet from").fill("22:00");
    await page.getByLabel("Quiet until").fill("07:00");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.locator("#given").getByText("It was taken: 200").waitFor();
    assert.equal(ntfy.told[0].title, "SMS Bridge: a test");
    ntfy.answers(403);
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.locator("#given").getByText("it answered 403").waitFor();
    ntfy.answers(200);
  });

  await stage.test("a pause is told within a minute, and listed", async () => {
    await bridge.ask("PUT", "/admin/settings/maintenance_mode", { value: true }, bridge.keys.admin);
    const begun = performance.now();
    while (!ntfy.told.some((told) => told.title === "SMS Bridge: nobody can register")) {
      assert.ok(performance.now() - begun < 60_000, JSON.stringify(ntfy.told));
      await new Promise((done) => setTimeout(done, 250));
    }
    await page.reload();
    await visit.sees("Nobody can register, and why.", "table");
    await page.getByText("22:00-07:00").waitFor();
    await bridge.ask("PUT", "/admin/settings/maintenance_mode", { value: false }, bridge.keys.admin);
  });

  await stage.test("it is removed", async () => {
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).click();
    await visit.sees("Nobody is told anything");
  });
  ntfy.close();
}
