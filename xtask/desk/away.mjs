// A box that goes away while somebody waits for their number to be confirmed, and comes back: what everybody is told
// meanwhile, and what arrives afterwards. How it goes away is for the journeys to say.
import assert from "node:assert/strict";

import { android, number } from "./phones.mjs";

export const TWILIO = { name: "tw", format: "twilio", signing_key: "twilio-auth-token-of-the-journeys" };
/** Within this everybody is told that the box is away. */
const TOLD_WITHIN = 60_000;

export async function until(what, is) {
  for (const began = Date.now(); !(await is()); ) {
    assert.ok(Date.now() - began < TOLD_WITHIN, `not within a minute: ${what}`);
    await new Promise((done) => setTimeout(done, 250));
  }
}

export const heading = (visit, name, timeout = TOLD_WITHIN) =>
  visit.page.getByRole("heading", { level: 1, name }).waitFor({ timeout });

/** Somebody with that address registers and opens their page. */
export async function person(stage, bridge, edge, mobile, address) {
  const answer = await edge.register(bridge, { mobile_number: mobile, device_id: mobile }, address);
  assert.equal(answer.status, 201);
  const registered = await answer.json();
  const visit = await stage.visitor({ ...android, also: [edge.url], tolerate: [/503|net::ERR|Failed to load/] });
  await visit.page.goto(new URL(new URL(registered.page_url, edge.url).pathname, edge.url).href);
  await heading(visit, "Send one SMS to confirm your number");
  return { registered, visit };
}

export async function awayAndBack(stage, bridge, edge, address, { leave, comeBack, picture }) {
  const mobile = number();
  const { registered, visit } = await person(stage, bridge, edge, mobile, address);
  const other = number();
  const left = new Date();
  await leave();
  const inTime = () => assert.ok(new Date() - left < TOLD_WITHIN, `told after ${new Date() - left} ms`);

  await heading(visit, "Please wait a moment");
  await visit.sees("Number verification is paused at the moment. Paused since");
  inTime();
  if (picture) await visit.picture(picture);
  await until("/status says paused", async () => (await edge.status()).onboarding === "paused");
  inTime();
  const { since } = await edge.status();
  assert.ok(new Date(since) - left < TOLD_WITHIN && new Date(since) - left > -20_000, `${since}`);
  const refused = await edge.register(bridge, { mobile_number: number() }, address);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  const problem = await refused.json();
  assert.deepEqual([problem.code, new Date(problem.since) < new Date()], ["onboarding_paused", true]);
  inTime();

  // One of somebody else comes first, and theirs behind it.
  const sent = [];
  for (const [sender, text] of [[other, "hello"], [mobile, registered.sms_body]]) {
    sent.push(new Date());
    assert.deepEqual(await edge.twilio(TWILIO.name, TWILIO.signing_key, sender, text), [200, "<Response/>"]);
  }
  await comeBack();
  await heading(visit, "Your number is confirmed");
  await until("accepting again", async () => (await edge.status()).onboarding === "accepting");
  const rows = async (sender) => (await bridge.must("GET", `/admin/sms?mobile=${encodeURIComponent(sender)}`)).items;
  const ids = [];
  for (const [n, sender] of [other, mobile].entries()) {
    await until("the SMS is there", async () => (await rows(sender)).length > 0);
    const [sms, ...more] = await rows(sender);
    assert.deepEqual(more, [], "once");
    const off = Math.abs(new Date(sms.server_received_at) - sent[n]);
    assert.ok(off < 2_000, `its first time, not that of the delivery: ${sms.server_received_at}`);
    ids.push(sms.redis_id);
  }
  assert.ok(ids[0] < ids[1], `in their order: ${ids}`);
}
