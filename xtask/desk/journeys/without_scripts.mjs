// A browser that runs no script: the login and a form work all the same.
import { logIn, owner } from "../people.mjs";

export async function play(stage) {
  const bridge = await stage.bridge();
  const known = await owner(stage, bridge);
  const visit = await stage.visitor({ javaScript: false });

  await stage.test("login, a search and the way out", async () => {
    await visit.open("/admin");
    await logIn(visit, "olga");
    await visit.sees("olga", ".who");
    await visit.open("/admin/ui/sms");
    await visit.page.getByLabel("Number").fill("+919810000001");
    await visit.page.getByRole("button", { name: "Search" }).click();
    await visit.sees("No SMS like that");
    await visit.page.getByRole("button", { name: "Log out" }).click();
    await visit.sees("Log in", "h1");
    await known.open("/admin");
  });
}
