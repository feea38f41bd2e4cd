// From end to end: a browser, the edge in workerd, the program, a phone. The box dies while somebody waits, and is back.
import assert from "node:assert/strict";

import { EDGE_SECRET, Edge, isInstalled } from "../edge.mjs";
import { ANYTHING, violations } from "../look.mjs";
import { owner } from "../people.mjs";
import { RECEIVER, android, number } from "../phones.mjs";

export const weight = 8;

const TWILIO_KEY = "twilio-auth-token-of-the-journeys";
/** Where workerd says that everybody is who asks it on this machine. */
const WORKERD = { country: "US", name: "United States" };
/** Within this everybody is told that the box is away. */
const TOLD_WITHIN = 60_000;

export async function play(stage) {
  if (!isInstalled()) return console.log("SKIPPED edge: its modules are not here; `cargo xtask test --only edge` installs them");
  const bridge = await stage.bridge([], { SMS_BRIDGE_EDGE_SECRET: EDGE_SECRET });
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("local_sync_interval_seconds", 1);
  await bridge.must("POST", "/admin/receivers", { name: "tw", format: "twilio", signing_key: TWILIO_KEY });
  const edge = await Edge.start(bridge, { EDGE_SPOOL: "on", REGISTRATIONS_PER_MINUTE: "3" });
  const heading = (visit, name) => visit.page.getByRole("heading", { level: 1, name }).waitFor();
  const person = async (mobile, address) => {
    const answer = await edge.register(bridge, { mobile_number: mobile, device_id: mobile }, address);
    assert.equal(answer.status, 201);
    const registered = await answer.json();
    const visit = await stage.visitor({ ...android, also: [edge.url], tolerate: [/503|net::ERR|Failed to load/] });
    await visit.page.goto(new URL(new URL(registered.page_url, edge.url).pathname, edge.url).href);
    await heading(visit, "Send one SMS to confirm your number");
    return { registered, visit };
  };
  const until = async (what, is) => {
    for (const began = Date.now(); !(await is()); ) {
      assert.ok(Date.now() - began < TOLD_WITHIN, `not within a minute: ${what}`);
      await new Promise((done) => setTimeout(done, 250));
    }
  };

  try {
    await stage.test("a person is validated, and their page says where it was asked for", async () => {
      const mobile = number();
      const { registered, visit } = await person(mobile);
      await visit.sees("Country where this was asked for:");
      await visit.page.locator(".place", { hasText: WORKERD.name }).waitFor();
      await visit.picture(`${stage.shots}/page-place.light.phone.png`);
      assert.deepEqual(await violations(visit.page, stage.axe, ANYTHING), []);
      assert.deepEqual(await edge.twilio("tw", TWILIO_KEY, mobile, registered.sms_body), [200, "<Response/>"]);
      await heading(visit, "Your number is confirmed");
    });

    await stage.test("they stop it, and begin again", async () => {
      const { visit } = await person(number());
      await visit.page.getByRole("button", { name: /^Stop/ }).click();
      await heading(visit, "Stopped");
      await visit.page.getByRole("button", { name: "Get a new code" }).click();
      await heading(visit, "Send one SMS to confirm your number");
    });

    await stage.test("the box dies while somebody waits, and is back", async () => {
      const mobile = number();
      const { registered, visit } = await person(mobile, "198.51.100.7");
      const died = new Date();
      await bridge.die();
      await heading(visit, "Please wait a moment");
      await visit.sees("Number verification is paused at the moment. Paused since");
      await visit.picture(`${stage.shots}/edge-paused.light.phone.png`);
      await until("/status says paused", async () => (await edge.status()).onboarding === "paused");
      assert.ok(new Date() - died < TOLD_WITHIN);
      const { since } = await edge.status();
      assert.ok(new Date(since) - died < TOLD_WITHIN && new Date(since) - died > -20_000, `${since}`);
      const refused = await edge.register(bridge, { mobile_number: number() }, "198.51.100.8");
      assert.equal(refused.status, 503);
      assert.ok(Number(refused.headers.get("retry-after")) > 0);
      const problem = await refused.json();
      assert.deepEqual([problem.code, new Date(problem.since) < new Date()], ["onboarding_paused", true]);
      const sent = new Date();
      assert.deepEqual(await edge.twilio("tw", TWILIO_KEY, mobile, registered.sms_body), [200, "<Response/>"]);
      await bridge.revive();
      await visit.page.getByRole("heading", { level: 1, name: "Your number is confirmed" }).waitFor({ timeout: TOLD_WITHIN });
      await until("accepting again", async () => (await edge.status()).onboarding === "accepting");
      const rows = async () => (await bridge.must("GET", `/admin/sms?mobile=${encodeURIComponent(mobile)}`)).items;
      await until("the SMS is there", async () => (await rows()).length > 0);
      const [sms, ...more] = await rows();
      assert.deepEqual(more, [], "once");
      const off = Math.abs(new Date(sms.server_received_at) - sent);
      assert.ok(off < 2_000, `its first time, not that of the delivery: ${sms.server_received_at}`);
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
