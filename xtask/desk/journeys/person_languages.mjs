// The person's page in every language, at the width of a small phone and with letters of twice the size: nothing is cut off.
import assert from "node:assert/strict";

import { violations } from "../look.mjs";
import { RECEIVER, WRONG, android, number } from "../phones.mjs";

const LANGUAGES = ["en", "hi", "bn", "ta", "te", "mr", "gu", "kn", "ml", "pa", "ur"];

export async function play(stage) {
  const bridge = await stage.bridge();
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("page_app_name", "Corner Shop");
  const path = ({ page_url }) => new URL(page_url, bridge.url).pathname;
  const visit = await stage.visitor(android);
  const { page } = visit;
  const ready = path(await bridge.register(number()));
  const other = await bridge.register(number());
  await bridge.sms(other.mobile_number, WRONG);

  for (const language of LANGUAGES) {
    await stage.test(`${language} fits`, async () => {
      for (const [name, where] of Object.entries({ ready, not_matched: path(other) })) {
        await visit.open(`${where}?lang=${language}`);
        for (const details of await page.locator("details").all()) await details.evaluate((one) => (one.open = true));
        await visit.picture(`${stage.shots}/page-language-${name}.${language}.png`);
        const wide = () =>
          page.evaluate(() => {
            const edge = document.documentElement.clientWidth;
            const out = [...document.querySelectorAll("body *")].filter((one) => {
              const { left, right, width } = one.getBoundingClientRect();
              return width > 1 && !one.closest(".unseen") && (left < -1 || right > edge + 1);
            });
            return out.map((one) => one.outerHTML.slice(0, 80));
          });
        assert.deepEqual(await wide(), []);
        await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
        assert.deepEqual(await wide(), [], "with letters of twice the size");
        await page.evaluate(() => (document.documentElement.style.fontSize = ""));
        assert.deepEqual(await violations(page, stage.axe, ["minor", "moderate", "serious", "critical", null]), []);
      }
      const { lang, dir } = await page.evaluate(() => document.documentElement);
      assert.equal(lang ?? (await page.getAttribute("html", "lang")), (await page.getAttribute("html", "lang")));
      assert.equal(await page.getAttribute("html", "dir"), language === "ur" ? "rtl" : "ltr", dir);
    });
  }
}
