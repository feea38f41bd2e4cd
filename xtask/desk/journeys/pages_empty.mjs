// Every page of a bridge that nobody has used yet, and those that are seen before the desk.
import { look, lookAt } from "../look.mjs";
import { owner } from "../people.mjs";

export const weight = 9;

export async function play(stage) {
  const bridge = await stage.bridge();
  const stranger = await stage.visitor();
  for (const path of ["/admin/setup", "/admin/login", "/admin/reset"]) {
    await stage.test(path, () => lookAt(stage, stranger, path, "empty"));
  }
  const nowhere = await owner(stage, bridge, { tolerate: [/the server responded with a status of 404/] });
  await stage.test("a page that is not there says so", async () => {
    await nowhere.page.goto("/admin/ui/sms/00000000-0000-7000-8000-000000000000");
    await nowhere.sees("nothing is kept of such an SMS");
  });
  await look(stage, await owner(stage, bridge), "empty");
}
