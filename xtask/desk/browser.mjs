// Chromium without a window, and those who visit with it. A visitor's browser reports everything that must never
// happen: an error in a script, what the Content-Security-Policy refused, a dialog, a request to anywhere else.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

// How long something may take to be seen. Nothing waits for it to pass.
const SEEN_LIMIT = 15_000;

export class Browser {
  #chromium;
  #assets;

  static async launch({ chromium, modules, assets }) {
    const load = createRequire(join(modules, "x.js"));
    const browser = new Browser();
    browser.#assets = assets;
    browser.axe = await readFile(load.resolve("axe-core/axe.min.js"), "utf8");
    // Root has no sandbox. Nothing but the bridge may be found, not even by the browser itself.
    const args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];
    browser.#chromium = await load("playwright-core").chromium.launch({ executablePath: chromium, args });
    return browser;
  }

  async visit(url, how) {
    const context = await this.#chromium.newContext(settings(url, how));
    const visit = await Visit.begin(context, url, how);
    if (this.#assets) {
      await context.route(/\/admin\/ui\/assets\//, (route) => {
        const file = basename(route.request().url()).replace(/^[0-9a-f]+-/, "");
        return route.fulfill({ path: join(this.#assets, file) });
      });
    }
    return visit;
  }

  close() {
    return this.#chromium.close();
  }
}

function settings(url, how) {
  const { javaScript = true, scheme = "light", width = 1280, height = 860, headers, state, agent, touch, locale } = how;
  return {
    baseURL: url,
    viewport: { width, height },
    colorScheme: scheme,
    javaScriptEnabled: javaScript,
    extraHTTPHeaders: headers,
    storageState: state,
    userAgent: agent,
    hasTouch: touch,
    locale: locale ?? "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
  };
}

export class Visit {
  #context;
  #trouble = [];
  #tolerated = [];

  static async begin(context, url, { tolerate = [], also = [] }) {
    const visit = new Visit();
    visit.#context = context;
    visit.#tolerated = tolerate;
    context.setDefaultTimeout(SEEN_LIMIT);
    await context.route("**/*", (route) => {
      const asked = route.request().url();
      const hosts = [url, ...also];
      if (hosts.some((host) => asked.startsWith(`${host}/`)) || /^(data|blob):/.test(asked)) return route.fallback();
      visit.#note(`a request left the host: ${asked}`);
      return route.abort();
    });
    visit.page = await context.newPage();
    visit.page.on("pageerror", (error) => visit.#note(`error in a script: ${error.message}`));
    visit.page.on("console", (message) => {
      if (message.type() === "error") visit.#note(`${message.text()} (${message.location().url})`);
    });
    visit.page.on("dialog", (dialog) => {
      visit.#note(`a dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    return visit;
  }

  #note(what) {
    if (!this.#tolerated.some((pattern) => pattern.test(what))) this.#trouble.push(`${this.page?.url()}: ${what}`);
  }

  /** From here on this is expected: a refused form is an error in the console, too. */
  tolerate(pattern) {
    this.#tolerated.push(pattern);
  }

  /** Throws what must not have happened. */
  mustBeClean() {
    const trouble = this.#trouble.splice(0);
    if (trouble.length) throw new Error(trouble.join("\n"));
  }

  forgetTrouble() {
    this.#trouble = [];
  }

  /** Opens a page, which must be there. */
  async open(path) {
    const response = await this.page.goto(path, { waitUntil: "load" });
    if (response && response.status() >= 400) throw new Error(`${path} answers ${response.status()}`);
  }

  /** Opens a page again and again until this is on it: what workers carry comes a moment later. */
  async openUntil(path, text) {
    for (let tries = 0; ; tries++) {
      await this.open(path);
      if ((await this.page.locator("main").innerText()).includes(text)) return;
      if (tries >= 40) throw new Error(`${path} never showed ${JSON.stringify(text)}`);
      await this.page.waitForTimeout(250);
    }
  }

  /** Waits until the page says this. */
  async sees(text, where = "body") {
    await this.page.locator(where).getByText(text).filter({ visible: true }).first().waitFor();
  }

  cookies() {
    return this.#context.cookies();
  }

  state() {
    return this.#context.storageState();
  }

  picture(path, how = {}) {
    return this.page.screenshot({ path, fullPage: true, animations: "disabled", ...how });
  }

  close() {
    return this.#context.close();
  }
}
