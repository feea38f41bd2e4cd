// Every page, with data and without: nothing that axe-core calls serious, nothing in the console, nothing that leaves
// the host, no scrolling sideways; and a picture of each in light and dark, on a desk and on a phone.
import { writeFile } from "node:fs/promises";

import { everyPage, slug } from "../pages.mjs";
import { owner } from "../people.mjs";
import { seed } from "../seed.mjs";

export const weight = 10;

const WIDTHS = [1280, 390];
const SCHEMES = ["light", "dark"];

export async function play(stage) {
  const pictures = new Map();
  const bridge = await stage.bridge();
  await look(stage, await owner(stage, bridge), "empty", pictures);
  await seed(bridge);
  await look(stage, await owner(stage, bridge), "full", pictures);
  await writeFile(`${stage.shots}/index.html`, sideBySide(pictures));
}

async function look(stage, visit, state, pictures) {
  for (const path of await everyPage(visit)) {
    await stage.test(`${state} ${path}`, async () => {
      const { page } = visit;
      await visit.open(path);
      const wrong = [];
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: width < 500 ? 844 : 860 });
          const file = `${slug(path)}-${state}-${scheme}-${width}.png`;
          await visit.picture(`${stage.shots}/${file}`);
          pictures.set(path, [...(pictures.get(path) ?? []), file]);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (over > 0) wrong.push(`${over} pixels too wide for ${width}`);
        }
        wrong.push(...(await violations(page, stage.axe)).map((one) => `${scheme}: ${one}`));
      }
      await page.setViewportSize({ width: WIDTHS[0], height: 860 });
      if (wrong.length) throw new Error(wrong.join("\n"));
    });
  }
}

/** What axe-core calls serious or critical. */
async function violations(page, axe) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
  const said = serious.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any, all }) => `${id}: ${any[0]?.message ?? all[0]?.message ?? help}\n    ${html.slice(0, 200)}`),
  );
  return [...new Set(said)].slice(0, 8);
}

function sideBySide(pictures) {
  const rows = [...pictures].map(
    ([path, files]) =>
      `<h2>${path}</h2><div>${files.map((file) => `<figure><a href="${file}"><img loading="lazy" src="${file}" alt=""></a><figcaption>${file}</figcaption></figure>`).join("")}</div>`,
  );
  const style = "body{font:14px sans-serif;margin:1rem}div{display:flex;gap:1rem;overflow-x:auto;align-items:flex-start}figure{margin:0}img{height:420px;border:1px solid #999}";
  return `<!doctype html><meta charset="utf-8"><title>The desk</title><style>${style}</style><h1>The desk, page by page</h1>${rows.join("")}`;
}
