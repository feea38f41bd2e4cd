// Who is at the desk. Accounts are made as people make them: by links that work once.

export const PASSWORD = "four plain words here";

/** The owner, logged in; the first time by the link that the bridge printed. */
export async function owner(stage, bridge, how = {}) {
  bridge.owner ??= await useLink(bridge.setUpLink, { name: "olga" });
  return stage.visitor({ ...how, state: bridge.owner });
}

/** Sets the password of a link; answers what the browser then keeps. */
export async function useLink(link, fields = {}) {
  const { origin, pathname, hash, hostname } = new URL(link);
  const token = new URLSearchParams(hash.slice(1)).get("token");
  const body = new URLSearchParams({ ...fields, token, password: PASSWORD, again: PASSWORD });
  const answer = await fetch(origin + pathname, { method: "POST", body, headers: { Accept: "application/json" } });
  const cookie = answer.headers.get("set-cookie")?.match(/^([^=]+)=([^;]+)/);
  if (!answer.ok || !cookie) throw new Error(`${pathname} answers ${answer.status}: ${await answer.text()}`);
  const [, name, value] = cookie;
  const kept = { name, value, domain: hostname, path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Strict" };
  return { cookies: [kept], origins: [] };
}

/** Types name and password on the page that is open. */
export async function logIn(visit, name, password = PASSWORD) {
  await visit.page.getByLabel("Name").fill(name);
  await visit.page.getByLabel("Password").fill(password);
  await visit.page.getByRole("button", { name: "Log in" }).click();
}
