// The picture of the README: the overview, light, 1280 wide, after some minutes of ordinary traffic.
import { owner } from "./people.mjs";
import { seed } from "./seed.mjs";
import { Stage } from "./stage.mjs";

/** Between two users. */
const PACE = 4_000;

export class Picture {
  static async take(browser, options) {
    const results = [];
    const stage = new Stage("picture", browser, options, results);
    await stage.play(async () => {
      const bridge = await stage.bridge();
      await seed(bridge);
      const until = Date.now() + Number(options.minutes) * 60_000;
      for (let n = 0; Date.now() < until; n++) {
        await user(bridge, n);
        // Whoever runs this ends what says nothing for long.
        if (n % 10 === 0) console.log(`${Math.ceil((until - Date.now()) / 60_000)} minutes of traffic to come`);
        // Some minutes are busier than others.
        await new Promise((done) => setTimeout(done, PACE * (1 + Math.sin(n / 11))));
      }
      const visit = await owner(stage, bridge);
      await visit.open("/admin");
      await visit.page.locator("[data-live]").first().waitFor();
      await visit.picture(options.picture, { fullPage: false });
    });
    for (const { error } of results) throw error;
    console.log(`written: ${options.picture}`);
  }
}

/** Most send the right SMS; one in nine guesses, one in fourteen never sends. */
async function user(bridge, n) {
  const mobile = `+9198200${String(n).padStart(5, "0")}`;
  const { sms_body: text } = await bridge.register(mobile, { device: `device-${n}` });
  if (n % 14 === 13) return;
  const key = bridge.receivers[n % 3 ? "hall-phone" : "gate-modem"];
  await bridge.sms(mobile, n % 9 === 8 ? `ONBOARD:${"0".repeat(64)}` : text, { key });
}
