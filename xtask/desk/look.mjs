// Looks at every page as people do who need it otherwise: in light and dark, on a desk and on a phone. Nothing that
// axe-core calls serious, nothing in the console, no scrolling sideways; and a picture of each, side by side.
import { readdir, writeFile } from "node:fs/promises";

import { everyPage, slug } from "./pages.mjs";

/** Every impact that axe-core knows. */
export const ANYTHING = ["minor", "moderate", "serious", "critical", null];
const WIDTHS = [1280, 390];
const SCHEMES = ["light", "dark"];

/** A test for each page that this visitor reaches. */
export async function look(stage, visit, state) {
  for (const path of await everyPage(visit)) await stage.test(path, () => lookAt(stage, visit, path, state));
}

/** One page, and its pictures. */
export async function lookAt(stage, visit, path, state) {
  const { page } = visit;
  await visit.open(path);
  const wrong = [];
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width < 500 ? 844 : 860 });
      await visit.picture(`${stage.shots}/${slug(path)}.${state}.${scheme}.${width}.png`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) wrong.push(`${over} pixels too wide for ${width}`);
    }
    wrong.push(...(await violations(page, stage.axe)).map((one) => `${scheme}: ${one}`));
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 860 });
  await page.emulateMedia({ colorScheme: SCHEMES[0] });
  if (wrong.length) throw new Error([...new Set(wrong)].join("\n"));
}

/** What axe-core calls serious or critical; or anything at all, where everybody must find their way. */
export async function violations(page, axe, impacts = ["serious", "critical"]) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  const serious = found.filter(({ impact }) => impacts.includes(impact));
  const said = serious.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any, all }) => `${id}: ${any[0]?.message ?? all[0]?.message ?? help}\n    ${html.slice(0, 200)}`),
  );
  return [...new Set(said)].slice(0, 8);
}

/** The page that shows all pictures, a row for each page of the desk. */
export async function sideBySide(folder) {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".png")).sort();
  const rows = new Map();
  for (const file of files) rows.set(page(file), [...(rows.get(page(file)) ?? []), file]);
  const figure = (file) =>
    `<figure><a href="${file}"><img loading="lazy" src="${file}" alt=""></a><figcaption>${file}</figcaption></figure>`;
  const body = [...rows].map(([name, of]) => `<h2>${name}</h2><div>${of.map(figure).join("")}</div>`).join("");
  const style =
    "body{font:14px sans-serif;margin:1rem}div{display:flex;gap:1rem;overflow-x:auto;align-items:flex-start}" +
    "figure{margin:0}img{height:420px;border:1px solid #999}";
  const head = `<!doctype html><meta charset="utf-8"><title>The desk</title><style>${style}</style>`;
  await writeFile(`${folder}/index.html`, `${head}<h1>The desk, page by page</h1>${body}`);
}

const page = (file) => (file.startsWith("failed-") ? "What failed" : file.split(".")[0]);
