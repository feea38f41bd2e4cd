// A real bridge on a temporary folder and a free port, and what apps, phones and operators ask of its API. It inherits
// no environment, so what a developer has set changes no test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_LIMIT = 30_000;

export class Bridge {
  #begin;
  #child;
  #folder;
  #said = [];

  static async start(binary, flags = [], more = {}) {
    const bridge = new Bridge();
    bridge.#folder = await mkdtemp(join(tmpdir(), "desk-"));
    bridge.#begin = { binary, flags, env: { ...more, SMS_BRIDGE_DATA_DIR: join(bridge.#folder, "data") } };
    await bridge.#run("127.0.0.1:0");
    const key = async (name) => (await readFile(join(bridge.#folder, "data/secrets", name), "utf8")).trim();
    bridge.keys = { app: await key("api_key"), phone: await key("receiver_key"), admin: await key("admin_token") };
    return bridge;
  }

  async #run(bind) {
    const { binary, flags, env } = this.#begin;
    this.#child = spawn(binary, flags, { env: { ...env, SMS_BRIDGE_BIND: bind }, stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.#child.stderr }).on("line", (line) => this.#keep(line));
    const lines = createInterface({ input: this.#child.stdout });
    lines.on("line", (line) => this.#keep(line));
    await new Promise((done, refuse) => {
      const timer = setTimeout(() => refuse(new Error(`it did not start:\n${this.tail()}`)), START_LIMIT);
      this.#child.on("exit", (code) => refuse(new Error(`it ended with ${code}:\n${this.tail()}`)));
      lines.on("line", (line) => {
        this.url ??= line.match(/listening on (http:\S+)/)?.[1];
        this.setUpLink ??= line.match(/(http:\S+\/admin\/setup#\S+)/)?.[1];
        // The last line of the start screen.
        if (line.includes("try next")) {
          clearTimeout(timer);
          done();
        }
      });
    });
  }

  /** A power cut. */
  async die() {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  /** After it died: on the same folder, at the same address. */
  revive() {
    // Each start prints one of its own.
    this.setUpLink = undefined;
    return this.#run(new URL(this.url).host);
  }

  #keep(line) {
    this.#said.push(line);
    if (this.#said.length > 40) this.#said.shift();
  }

  /** What it printed last. */
  tail() {
    return this.#said.join("\n");
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Asks the API; answers status and body. */
  async ask(method, path, body, secret = this.keys.admin) {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${secret}`, ...(body !== undefined && { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let read = text;
    try {
      read = JSON.parse(text);
    } catch {
      // Not every answer is JSON.
    }
    return { status: response.status, body: read };
  }

  /** As `ask`, but it must be done. */
  async must(method, path, body, secret) {
    const answer = await this.ask(method, path, body, secret);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  set(key, value) {
    return this.must("PUT", `/admin/settings/${key}`, { value });
  }

  register(mobile, { email = "user@example.com", device = "phone-1", ...more } = {}) {
    const body = { mobile_number: mobile, email, device_id: device, ...more };
    return this.must("POST", "/onboard/register", body, this.keys.app);
  }

  /** An SMS that a phone hands in, received now. */
  sms(sender, text, { at = new Date(), device = "hall-phone", key = this.keys.phone } = {}) {
    const body = { mobile_number: sender, sms_message: text, received_timestamp: at.toISOString(), device_id: device };
    return this.must("POST", "/sms/receive", body, key);
  }
}
