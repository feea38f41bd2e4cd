// A sandbox says what it is, to people and at the desk, and plays the phone of its numbers.
import assert from "node:assert/strict";

import { ANYTHING, violations } from "../look.mjs";
import { owner } from "../people.mjs";
import { android } from "../phones.mjs";
import { Shop } from "../shop.mjs";

export async function play(stage) {
  const bridge = await stage.bridge(["--sandbox", "--webhook-allow", "127.0.0.1/32"]);
  const shop = await Shop.start(bridge, stage.packages);
  try {
    await stage.test("a magic number goes through the whole of an app by itself", async () => {
      const visit = await stage.visitor({ ...android, also: [shop.url] });
      await visit.page.goto(shop.url);
      await visit.page.getByLabel("Mobile number").fill("+15005550000");
      await visit.page.getByRole("button", { name: "Confirm my number" }).click();
      await visit.sees("This is a test. Nothing here proves that a number is yours.");
      await visit.picture(`${stage.shots}/page-sandbox.light.phone.png`);
      assert.deepEqual(await violations(visit.page, stage.axe, ANYTHING), []);
      await visit.page.getByRole("heading", { level: 1, name: "Your number is confirmed" }).waitFor();
      await visit.page.locator("a.button", { hasText: "Back to" }).click();
      await visit.sees("+15005550000 is yours. You can buy now.");
      assert.equal((await shop.told("onboarding.validated")).data.mobile_number, "+15005550000");
    });

    await stage.test("the desk says that it is a sandbox", async () => {
      const desk = await owner(stage, bridge);
      for (const path of ["/admin", "/admin/ui/sms"]) {
        await desk.open(path);
        await desk.sees("This is a sandbox.", "main");
      }
      await desk.picture(`${stage.shots}/sandbox.light.png`);
    });
  } finally {
    shop.stop();
  }
}
