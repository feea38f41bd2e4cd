// What nobody could read is found, looked at as text, and thrown away; the log says who did it.
import { owner } from "../people.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  const visit = await owner(stage, bridge);
  const { page } = visit;

  await stage.test("it is empty, and says what that means", async () => {
    await visit.open("/admin/ui/quarantine");
    await visit.sees("Nothing is in quarantine");
  });

  await stage.test("a body that nobody can use is shown and thrown away", async () => {
    await bridge.ask("POST", "/sms/receive", { nobody: "knows <b>this</b>" }, bridge.keys.phone);
    await visit.open("/admin/ui/quarantine");
    await page.getByRole("link", { name: "Open" }).click();
    await visit.sees("knows <b>this</b>", "pre");
    await page.getByRole("button", { name: "Throw it away" }).click();
    await page.getByRole("button", { name: "Yes, do it" }).click();
    await visit.sees("Nothing is in quarantine");
    await visit.open("/admin/ui/log");
    await visit.sees("quarantine.remove", "main");
  });
}
