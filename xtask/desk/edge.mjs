// The edge in real workerd, in front of a bridge, and whoever comes from outside.
import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../edge", import.meta.url));

export const EDGE_SECRET = "edge-secret-of-the-journeys-0001";

/** `cargo xtask test --only edge` installs it. */
export const isInstalled = () => existsSync(join(FOLDER, "node_modules/miniflare"));

export class Edge {
  #child;
  #state;

  static async start(bridge, variables = {}) {
    const edge = new Edge();
    edge.#state = await mkdtemp(join(tmpdir(), "edge-"));
    const env = {
      PATH: process.env.PATH,
      HOME: edge.#state,
      PORT: "0",
      BRIDGE_URL: bridge.url,
      EDGE_SECRET,
      EDGE_STATE: edge.#state,
      ...variables,
    };
    edge.#child = spawn(process.execPath, ["scripts/serve.mjs"], { cwd: FOLDER, env, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: edge.#child.stdout });
    await new Promise((done, refuse) => {
      edge.#child.on("exit", () => refuse(new Error("the edge ended")));
      lines.on("line", (line) => {
        edge.url ??= line.match(/listens on (http:\S+)/)?.[1];
        if (edge.url) done();
      });
    });
    return edge;
  }

  /** Somebody with that address registers. */
  async register(bridge, body, address = "203.0.113.9") {
    const headers = {
      Authorization: `Bearer ${bridge.keys.app}`,
      "Content-Type": "application/json",
      "CF-Connecting-IP": address,
    };
    return fetch(`${this.url}/onboard/register`, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async status() {
    return (await fetch(`${this.url}/status`)).json();
  }

  /** An SMS as Twilio delivers it, with its signature. */
  async twilio(receiver, key, sender, text) {
    const url = `${this.url}/sms/receive/twilio?receiver=${receiver}`;
    const sid = `SM${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    const fields = { AccountSid: "AC0", Body: text, From: sender, MessageSid: sid, To: "+919000000001" };
    const signed = Object.entries(fields).reduce((all, [name, value]) => all + name + value, url);
    const signature = createHmac("sha1", key).update(signed).digest("base64");
    const headers = { "X-Twilio-Signature": signature };
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(fields) });
    return [answer.status, await answer.text()];
  }

  /** Asked to end, it ends workerd with it. */
  async stop() {
    await new Promise((done) => {
      this.#child.removeAllListeners("exit");
      this.#child.once("exit", done);
      this.#child.kill("SIGTERM");
    });
    await rm(this.#state, { recursive: true, force: true });
  }
}
