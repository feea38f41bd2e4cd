// The picture of the README: the overview with data, light, 1280 wide.
import { Stage } from "./stage.mjs";
import { seed } from "./seed.mjs";
import { owner } from "./people.mjs";

export class Picture {
  static async take(browser, options) {
    const results = [];
    const stage = new Stage("picture", browser, options, results);
    await stage.play(async () => {
      const bridge = await stage.bridge();
      await seed(bridge);
      const visit = await owner(stage, bridge);
      await visit.open("/admin");
      await visit.page.locator("[data-live]").first().waitFor();
      await visit.picture(options.picture, { fullPage: false });
    });
    for (const { error } of results) throw error;
    console.log(`written: ${options.picture}`);
  }
}
