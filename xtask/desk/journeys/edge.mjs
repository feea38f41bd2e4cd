// From end to end: a browser, the edge in workerd, the program, a phone. The box dies while somebody waits, and is back.
import assert from "node:assert/strict";

import { TWILIO, awayAndBack, heading, person } from "../away.mjs";
import { EDGE_SECRET, Edge, isInstalled } from "../edge.mjs";
import { ANYTHING, violations } from "../look.mjs";
import { owner } from "../people.mjs";
import { RECEIVER, number } from "../phones.mjs";

export const weight = 8;

/** Where workerd says that everybody is who asks it on this machine. */
const WORKERD = { country: "US", name: "United States" };

export async function play(stage) {
  if (!isInstalled()) return console.log("SKIPPED edge: its modules are not here; `cargo xtask test --only edge` installs them");
  const bridge = await stage.bridge([], { SMS_BRIDGE_EDGE_SECRET: EDGE_SECRET });
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("local_sync_interval_seconds", 1);
  await bridge.must("POST", "/admin/receivers", TWILIO);
  const edge = await Edge.start(bridge, { EDGE_SPOOL: "on", REGISTRATIONS_PER_MINUTE: "3" });
  try {
    await stage.test("a person is validated, and their page says where it was asked for", async () => {
      const mobile = number();
      const { registered, visit } = await person(stage, bridge, edge, mobile);
      await visit.sees("Country where this was asked for:");
      await visit.page.locator(".place", { hasText: WORKERD.name }).waitFor();
      await visit.picture(`${stage.shots}/page-place.light.phone.png`);
      assert.deepEqual(await violations(visit.page, stage.axe, ANYTHING), []);
      assert.deepEqual(await edge.twilio(TWILIO.name, TWILIO.signing_key, mobile, registered.sms_body), [200, "<Response/>"]);
      await heading(visit, "Your number is confirmed");
    });

    await stage.test("they stop it, and begin again", async () => {
      const { visit } = await person(stage, bridge, edge, number());
      await visit.page.getByRole("button", { name: /^Stop/ }).click();
      await heading(visit, "Stopped");
      await visit.page.getByRole("button", { name: "Get a new code" }).click();
      await heading(visit, "Send one SMS to confirm your number");
    });

    await stage.test("the box dies while somebody waits, and is back", async () => {
      await awayAndBack(stage, bridge, edge, "198.51.100.7", {
        leave: () => bridge.die(),
        comeBack: () => bridge.revive(),
        picture: `${stage.shots}/edge-paused.light.phone.png`,
      });
    });

    await stage.test("what the edge refused is at the desk, by its place", async () => {
      let last;
      for (let n = 0; n < 5; n++) last = await edge.register(bridge, { mobile_number: number() }, "192.0.2.77");
      assert.equal(last.status, 429);
      const desk = await owner(stage, bridge);
      await desk.openUntil("/admin/ui/abuse", "Refused registrations by place");
            const row = desk.page.locator("section", { hasText: "Refused registrations by place" }).locator("tr", { hasText: WORKERD.country });
      await row.getByText("2", { exact: true }).waitFor();
      await desk.picture(`${stage.shots}/edge-abuse.light.png`);
    });
  } finally {
    await edge.stop();
  }
}
