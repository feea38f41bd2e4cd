// What each role sees: a viewer nothing to press, an operator no accounts. What they may not do is refused when they ask
// for it all the same.
import assert from "node:assert/strict";

import { onEveryPage } from "../pages.mjs";
import { owner, useLink } from "../people.mjs";
import { seed } from "../seed.mjs";

/** Forms that everybody has: the way out, their own password, what changes nothing. */
const OWN = 'form[action="/admin/logout"], form[action="/admin/ui/me"], form[action$="/rejudge"], form[action$="/gaps"]';

export async function play(stage) {
  const bridge = await stage.bridge();
  await seed(bridge);
  const boss = await owner(stage, bridge);

  const add = async (name, role) => {
    await boss.open("/admin/ui/accounts");
    await boss.page.getByLabel("Name", { exact: true }).fill(name);
    await boss.page.getByLabel("Role", { exact: true }).selectOption(role);
    await boss.page.getByRole("button", { name: "Add and make a link" }).click();
    const link = await boss.page.locator("#given-address").innerText();
    return stage.visitor({ state: await useLink(new URL(link, bridge.url).href) });
  };

  await stage.test("a viewer sees every page and nothing to press", async () => {
    const viewer = await add("vera", "viewer");
    await onEveryPage(viewer, async () => {
      const buttons = viewer.page.locator(`form[method="post"]:not(${OWN}) button:enabled`);
      const offered = await buttons.evaluateAll((all) => all.map((button) => button.outerHTML));
      assert.deepEqual(offered, [], "it offers a viewer what they may not do");
    });
    const asked = await viewer.page.request.post("/admin/ui/workers/run", { form: { worker: "settle_journal" } });
    assert.equal(asked.status(), 403);
    const page = await viewer.page.request.get("/admin/ui/accounts");
    assert.equal(page.status(), 403);
  });

  await stage.test("an operator does not look after accounts", async () => {
    const operator = await add("otto", "operator");
    await operator.open("/admin");
    assert.equal(await operator.page.locator('.side a[href="/admin/ui/accounts"]').count(), 0);
    assert.equal((await operator.page.request.get("/admin/ui/accounts")).status(), 403);
    await operator.open("/admin/ui/receivers");
    assert.ok(await operator.page.getByRole("button", { name: "Pause" }).count());
  });

  await stage.test("everything that was changed is in the log", async () => {
    await boss.open("/admin/ui/log");
    for (const text of ["vera", "otto", "olga"]) await boss.sees(text, "main");
  });
}
