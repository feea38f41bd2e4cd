// What the edge says by itself to a person's browser, in every language, at the width of a small phone; and to the page of
// another website that follows a registration while the box is away.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { until } from "../away.mjs";
import { EDGE_SECRET, Edge, isInstalled } from "../edge.mjs";
import { ANYTHING, violations } from "../look.mjs";
import { android, number } from "../phones.mjs";

export const weight = 8;

const LANGUAGES = ["en", "hi", "bn", "ta", "te", "mr", "gu", "kn", "ml", "pa", "ur"];

export async function play(stage) {
  if (!isInstalled()) return console.log("SKIPPED edge_person: its modules are not here; `cargo xtask test --only edge` installs them");
  const bridge = await stage.bridge([], { SMS_BRIDGE_EDGE_SECRET: EDGE_SECRET });
  await bridge.set("hosted_registration_enabled", true);
  const site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Site</title>"));
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${site.address().port}`;
  await bridge.set("status_origins", [origin]);
  const edge = await Edge.start(bridge, { EDGE_SPOOL: "on", REGISTRATIONS_PER_MINUTE: "1", PROBE_SECONDS: "1" });
  const visit = await stage.visitor({ ...android, also: [edge.url, origin], tolerate: [/status of [45]\d\d|net::ERR|CORS|favicon/] });
  const { page } = visit;
  const registered = await (await edge.register(bridge, { mobile_number: number() })).json();

  /** The page of the edge that shows this is in its language, fits, and is good for everybody. */
  const looks = async (id, language) => {
    await page.locator(`main#${id}`).waitFor();
    assert.equal(await page.getAttribute("html", "lang"), language);
    assert.equal(await page.getAttribute("html", "dir"), language === "ur" ? "rtl" : "ltr");
    await visit.picture(`${stage.shots}/edge-${id}.${language}.phone.png`);
    for (const size of ["", "200%"]) {
      await page.evaluate((text) => (document.documentElement.style.fontSize = text), size);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `letters of ${size || "100%"}`);
    }
    // The page that waits must come back by itself, and has no scripts.
    const wanted = (violation) => id === "paused" && violation.startsWith("meta-refresh:");
    const found = await violations(page, stage.axe, ANYTHING);
    assert.deepEqual(found.filter((violation) => !wanted(violation)), []);
  };

  try {
    for (const language of LANGUAGES) {
      await stage.test(`${language}: too many tries, no such page, and a way that does not work`, async () => {
        // The first of them is let through; whoever comes after it within the minute is not.
        for (let n = 0; (await page.locator("main#many").count()) === 0; n += 1) {
          assert.ok(n < 3, "nobody is limited");
          await page.goto(`${edge.url}/v?lang=${language}`);
          const loaded = page.waitForEvent("load");
          await page.evaluate(() => document.querySelector("form[method=post]").submit());
          await loaded;
        }
        await looks("many", language);
        await page.getByRole("link").click();
        await page.locator("form[method=post]").waitFor();
        await page.goto(`${edge.url}/v/a/b?lang=${language}`);
        await looks("missing", language);
        await page.goto(`${edge.url}/v/id.token/again?lang=${language}`);
        await looks("failed", language);
      });
    }

    const asked = (path, headers = {}) =>
      page.evaluate(
        async ([url, given]) => {
          try {
            const answer = await fetch(url, { headers: given });
            return [answer.status, answer.headers.get("retry-after") !== null, await answer.json()];
          } catch {
            return ["nothing"];
          }
        },
        [`${edge.url}${path}`, headers],
      );
    const secret = { authorization: `Bearer ${registered.token}` };
    const one = `/onboard/${registered.onboarding_id}`;
    await stage.test("a website that is named reads that the box is away, and goes on when it is back", async () => {
      await page.goto(origin);
      await until("the website reads", async () => (await asked(one, secret))[2]?.status === "pending");
      await bridge.die();
      await until("paused", async () => (await asked("/status"))[2]?.onboarding === "paused");
      const [status, says, problem] = await asked(one, secret);
      assert.deepEqual([status, says, problem.code], [503, true, "unavailable"]);
      assert.deepEqual((await asked(`${one}?token=${registered.token}`))[0], 503);
      assert.deepEqual((await asked("/onboard/register"))[0], "nothing", "what nobody follows is nobody's to read");
    });

    for (const language of LANGUAGES) {
      await stage.test(`${language}: please wait`, async () => {
        await page.goto(`${edge.url}/v/id.token?lang=${language}`);
        await looks("paused", language);
      });
    }

    await stage.test("the website goes on when the box is back", async () => {
      await page.goto(origin);
      await bridge.revive();
      await until("pending", async () => (await asked(one, secret))[2]?.status === "pending");
    });
  } finally {
    await edge.stop();
    site.close();
  }
}
