// Every page there is, read from the pages themselves: the navigation, and one of each kind that they link to. A page
// that is added is visited without a line here.

/** A path with what varies taken out, and the names of what it asks for: one page of each kind is enough. */
function kind(path) {
  const { pathname, searchParams } = new URL(path, "http://desk");
  const asks = [...searchParams.keys()].sort().join("&");
  const plain = pathname.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|%2B\d+|\+?\d{3,}|\d+/gi, "one");
  return asks ? `${plain}?${asks}` : plain;
}

/** The paths of the pages that this visitor can reach. */
export async function everyPage(visit) {
  await visit.open("/admin");
  const nav = await links(visit, ".side a[href]");
  const found = new Map(nav.map((path) => [kind(path), path]));
  for (const path of nav) {
    // Whoever visits it says what is wrong with it.
    await visit.open(path).catch(() => visit.forgetTrouble());
    for (const further of await links(visit, "main a[href]:not([download])")) {
      if (!found.has(kind(further))) found.set(kind(further), further);
    }
  }
  return [...found.values()];
}

/** Looks at every page; what is wrong with one keeps nobody from the next. */
export async function onEveryPage(visit, check) {
  const wrong = [];
  for (const path of await everyPage(visit)) {
    try {
      await visit.open(path);
      await check(path);
      visit.mustBeClean();
    } catch (error) {
      visit.forgetTrouble();
      wrong.push(`${path}: ${error.message}`);
    }
  }
  if (wrong.length) throw new Error(wrong.join("\n"));
}

async function links(visit, selector) {
  const all = await visit.page.locator(selector).evaluateAll((anchors) => anchors.map((a) => a.getAttribute("href")));
  return all.map((path) => path.replace(/#.*/, "")).filter((path) => path.startsWith("/admin") && !/export|download|\.(csv|json|txt|vcf|svg)\b/.test(path));
}

/** A name for its picture. */
export function slug(path) {
  return kind(path).replace(/^\/admin\/?(ui\/)?/, "").replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "overview";
}
