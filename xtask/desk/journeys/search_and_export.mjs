// From a number to the story of one SMS, and out as a file that a spreadsheet may open.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { owner } from "../people.mjs";
import { seed } from "../seed.mjs";

const FORMULA = '=HYPERLINK("http://evil.example";"prize")';

export async function play(stage) {
  const bridge = await stage.bridge();
  const { first } = await seed(bridge);
  await bridge.sms("+919810000400", FORMULA);
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("a number is found, its filters are in the address", async () => {
    await visit.openUntil("/admin/ui/sms", FORMULA.slice(0, 11));
    await page.keyboard.press("/");
    await page.keyboard.type(first);
    await page.getByLabel("Verdict").selectOption("passed");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL((url) => url.searchParams.get("status") === "passed");
    assert.ok(!page.url().includes("receiver="), "what is empty is not in the address");
    assert.equal(await page.locator("tbody tr").count(), 1);
  });

  await stage.test("the story of a failed SMS says what would have made it pass", async () => {
    await visit.open("/admin/ui/sms?status=failed&check=count_check");
    await page.locator("tbody a").first().click();
    await visit.sees("What became of it");
    await visit.sees("count_check", ".trace");
    assert.equal(await page.locator(".trace > li").count(), 8, "seven checks and the match");
    await page.locator(".trace .note.bad").waitFor();
    await page.getByText("The SMS as the bridge keeps it").click();
    await visit.sees(/ONBOARD:/, "details pre");
  });

  await stage.test("it is judged again without effect", async () => {
    await page.getByRole("button", { name: "Judge again without effect" }).click();
    await page.locator("#again").getByText(/./).first().waitFor();
  });

  await stage.test("a file of what was found holds no formula", async () => {
    await visit.open("/admin/ui/sms");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    assert.ok(csv.split("\n").length > 20, csv);
    assert.ok(csv.includes("HYPERLINK"), "it is all there");
    assert.ok(!/(^|[,;"])=/m.test(csv), "no cell begins with =");
    const json = page.waitForEvent("download");
    await page.getByRole("link", { name: "JSON" }).click();
    assert.ok((await readFile(await (await json).path(), "utf8")).includes(FORMULA.slice(0, 11)));
  });
}
