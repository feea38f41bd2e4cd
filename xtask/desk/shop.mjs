// The example app of examples/shop as a program of its own, and a webhook to it: what the bridge posts is verified on its way
// by the package `standardwebhooks`, as the app of a stranger would.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../examples/shop/server.mjs", import.meta.url));

export class Shop {
  /** Every event, as it was verified. */
  events = [];
  refused = 0;
  #child;
  #tap;

  static async start(bridge, packages) {
    const { Webhook } = createRequire(join(packages, "x.js"))("standardwebhooks");
    const shop = new Shop();
    shop.#tap = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      try {
        shop.events.push(shop.webhook.verify(body, request.headers));
      } catch {
        shop.refused += 1;
      }
      const { host, connection, ...headers } = request.headers;
      const answer = await fetch(`${shop.url}/hooks`, { method: "POST", headers, body });
      response.writeHead(answer.status).end();
    });
    shop.#tap.listen(0, "127.0.0.1");
    await once(shop.#tap, "listening");
    const url = `http://127.0.0.1:${shop.#tap.address().port}/`;
    const events = ["onboarding.validated", "onboarding.failed", "onboarding.expired", "onboarding.cancelled"];
    const { secret } = await bridge.must("POST", "/admin/webhooks", { url, events });
    shop.webhook = new Webhook(secret);
    await shop.#run({ BRIDGE_URL: bridge.url, API_KEY: bridge.keys.app, WEBHOOK_SECRET: secret });
    await bridge.set("return_url_origins", [shop.url]);
    return shop;
  }

  async #run(env) {
    this.#child = spawn(process.execPath, [SERVER], { env: { ...env, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.#child.stdout })) {
      this.url = line.match(/listens on (http:\S+)/)?.[1];
      if (this.url) return;
    }
    throw new Error("the shop did not start");
  }

  /** Waits until it was told this. */
  async told(type) {
    for (let tries = 0; tries < 100; tries++) {
      const event = this.events.find((event) => event.type === type);
      if (event) return event;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`no ${type} came: ${JSON.stringify(this.events)}`);
  }

  stop() {
    this.#child?.kill();
    this.#tap.closeAllConnections();
    this.#tap.close();
  }
}
