// Whatever a stranger may write is text on every page: in an SMS, a device, an e-mail address, a receiver, a setting.
import assert from "node:assert/strict";

import { everyPage } from "../pages.mjs";
import { owner } from "../people.mjs";
import { seed } from "../seed.mjs";

/** A place to recognise it, a way out of an attribute, an area and a script, and two elements. */
const attack = (place) => `${place}"'><b data-injected></b></textarea></script><img src=x onerror=alert(1)>`;

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge);
  await stage.test("is shown as text on every page", async () => {
    await seed(bridge);
    await bridge.sms("+919810077777", attack("in-text"), { device: attack("in-device") });
    await bridge.ask("POST", "/onboard/register", {
      mobile_number: "+919810077778",
      email: `${attack("in-email").replaceAll(" ", "")}@example.com`,
      device_id: attack("in-registration"),
    }, bridge.keys.app);
    // Settings and names have rules; what they refuse is not stored.
    const value = [attack("in-setting")];
    assert.equal((await bridge.ask("PUT", "/admin/settings/permitted_headers", { value })).status, 422);
    const named = await bridge.ask("POST", "/admin/receivers", { name: attack("in-name"), format: "generic" });
    assert.equal(named.status, 400);
    await bridge.must("POST", "/admin/blacklist", { mobile_number: "+919810077779", reason: attack("in-reason") });
    await bridge.ask("POST", "/sms/receive", { nobody: attack("in-quarantine") }, bridge.keys.phone);

    const seen = new Set();
    for (const path of await everyPage(visit)) {
      await visit.open(path);
      const text = await visit.page.locator("main").innerText();
      text.match(/in-[a-z]+(?="'><b data-injected)/g)?.forEach((place) => seen.add(place));
      const injected = await visit.page.locator('[data-injected], img[src="x"]').count();
      assert.equal(injected, 0, `an element was injected into ${path}`);
      visit.mustBeClean();
    }
  });
}
