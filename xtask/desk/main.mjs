// The tests of the operator's desk: every file in `journeys` is played against a bridge of its own, in a real Chromium.
// Started by `cargo xtask desk`, which counts the `test result:` line. No dependency but playwright-core and axe-core.
import { mkdir, readdir, rm } from "node:fs/promises";
import { parseArgs } from "node:util";

import { Browser } from "./browser.mjs";
import { sideBySide } from "./look.mjs";
import { Picture } from "./picture.mjs";
import { Stage } from "./stage.mjs";

const { values: options } = parseArgs({
  options: {
    binary: { type: "string" },
    chromium: { type: "string" },
    modules: { type: "string" },
    packages: { type: "string" },
    shots: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    picture: { type: "string" },
    minutes: { type: "string", default: "10" },
    assets: { type: "string" },
  },
});

// Two cores are the least that we have; a journey mostly waits for the browser.
const LANES = 2;

const journeys = [];
for (const file of (await readdir(new URL("journeys/", import.meta.url))).sort()) {
  if (file.endsWith(".mjs")) journeys.push({ name: file.slice(0, -4), ...(await import(`./journeys/${file}`)) });
}
// The longest first, so that the lanes end together.
journeys.sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));

// Pictures of an earlier run would be taken for this one's.
await rm(options.shots, { recursive: true, force: true });
await mkdir(options.shots, { recursive: true });
const started = Date.now();
const browser = await Browser.launch(options);
const results = [];
try {
  if (options.picture) await Picture.take(browser, options);
  else await Promise.all(Array.from({ length: LANES }, lane));
} finally {
  await browser.close();
}
if (!options.picture) {
  await sideBySide(options.shots);
  report();
}

async function lane() {
  for (let journey = journeys.shift(); journey; journey = journeys.shift()) {
    const stage = new Stage(journey.name, browser, options, results);
    await stage.play(journey.play);
  }
}

function report() {
  const failed = results.filter((result) => result.error);
  for (const { name, error, tail } of failed) {
    console.log(`\n---- ${name}\n${error.stack ?? error}`);
    if (tail) console.log(`the bridge said last:\n${tail}`);
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(2);
  const word = failed.length ? "FAILED" : "ok";
  console.log(`\npictures of every page: ${options.shots}/index.html`);
  console.log(
    `\ntest result: ${word}. ${results.length - failed.length} passed; ${failed.length} failed; 0 ignored; finished in ${seconds}s`,
  );
  process.exitCode = failed.length || !results.length ? 1 : 0;
}
