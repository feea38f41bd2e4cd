// Where one journey is played: its bridge, its visitors, its results. A test that fails leaves a picture of what was
// seen, and the next one of the journey goes on.
import { Bridge } from "./bridge.mjs";

// Far above what anything here takes; a hang must end.
const TEST_LIMIT = 150_000;

export class Stage {
  #name;
  #browser;
  #options;
  #results;
  #visits = [];
  #bridge;

  constructor(name, browser, options, results) {
    this.#name = name;
    this.#browser = browser;
    this.#options = options;
    this.#results = results;
  }

  /** The folder for pictures. */
  get shots() {
    return this.#options.shots;
  }

  /** Where packages are that an app would use. */
  get packages() {
    return this.#options.packages;
  }

  /** The source of axe-core. */
  get axe() {
    return this.#browser.axe;
  }

  async play(journey) {
    try {
      await journey(this);
    } catch (error) {
      await this.#record("outside of its tests", error);
    } finally {
      for (const visit of this.#visits.splice(0)) await visit.close();
      await this.#bridge?.stop();
    }
  }

  /** A bridge on an empty folder, ended with the journey. */
  async bridge(flags, environment) {
    this.#bridge = await Bridge.start(this.#options.binary, flags, environment);
    return this.#bridge;
  }

  /** Somebody with a browser of their own: no cookie is shared. */
  async visitor(how = {}) {
    const visit = await this.#browser.visit(this.#bridge.url, how);
    this.#visits.push(visit);
    return visit;
  }

  async test(name, run) {
    const only = this.#options.only;
    const whole = `${this.#name}: ${name}`;
    if (only.length && !only.some((text) => whole.includes(text))) return;
    let timer;
    const limit = new Promise((_, refuse) => {
      timer = setTimeout(() => refuse(new Error(`not done after ${TEST_LIMIT / 1000} s`)), TEST_LIMIT);
    });
    try {
      await Promise.race([run(), limit]);
      for (const visit of this.#visits) visit.mustBeClean();
      await this.#record(name);
    } catch (error) {
      await this.#record(name, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #record(test, error) {
    const name = `${this.#name}: ${test}`;
    console.log(`test ${name} ... ${error ? "FAILED" : "ok"}`);
    const result = { name, error };
    if (error) {
      result.tail = this.#bridge?.tail();
      const file = `${this.shots}/failed-${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`;
      await this.#visits.at(-1)?.picture(file).then(
        () => (result.tail = `${result.tail ?? ""}\npicture: ${file}`),
        () => {},
      );
      for (const visit of this.#visits) visit.forgetTrouble();
    }
    this.#results.push(result);
  }
}
