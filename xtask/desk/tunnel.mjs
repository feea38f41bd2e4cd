// What stands between the edge and the bridge, as cloudflared and Cloudflare's machines do, and what it does when it is ill.
import { once } from "node:events";
import { createServer, request } from "node:http";

const html = (status, text) => (answer) => {
  answer.writeHead(status, { "Content-Type": "text/html; charset=UTF-8", Server: "cloudflare" });
  answer.end(`<!DOCTYPE html><html><head><title>${text}</title></head><body><h1>${text}</h1></body></html>`);
};

/** Takes a request and says nothing, for ever; what open streams say stays with it too. */
const HANGS = () => {};
/** Hands on the head of each answer and nothing of its body, and leaves the connection open. */
const HALF_WAY = () => {};

/** Each way of being away: what it does with a request. */
export const AWAY = {
  "hangs": HANGS,
  "hangs half way through an answer": HALF_WAY,
  "answers 502 with HTML": html(502, "502 Bad Gateway"),
  "answers 530, as Cloudflare does where no tunnel runs": html(530, "error code: 1033"),
  "shows a page of its own with 200": html(200, "Just a moment..."),
};

export class Tunnel {
  #server;
  #upstream;
  #away;
  #open = new Set();

  static async start(bridge) {
    const tunnel = new Tunnel();
    tunnel.#upstream = new URL(bridge.url);
    tunnel.#server = createServer((asked, answer) => tunnel.#take(asked, answer));
    tunnel.#server.on("connection", (socket) => {
      tunnel.#open.add(socket);
      socket.once("close", () => tunnel.#open.delete(socket));
    });
    tunnel.#server.listen(0, "127.0.0.1");
    await once(tunnel.#server, "listening");
    tunnel.url = `http://127.0.0.1:${tunnel.#server.address().port}`;
    return tunnel;
  }

  #take(asked, answer) {
    asked.on("error", () => {});
    if (this.#away && this.#away !== HALF_WAY) {
      asked.resume();
      this.#away(answer);
      return;
    }
    const { hostname, port } = this.#upstream;
    const { method, url: path, headers } = asked;
    const on = request({ hostname, port, method, path, headers }, (said) => {
      said.on("error", () => answer.destroy());
      answer.writeHead(said.statusCode, said.headers);
      answer.flushHeaders();
      const isSilent = () => [HANGS, HALF_WAY].includes(this.#away);
      said.on("data", (piece) => isSilent() || answer.write(piece));
      said.on("end", () => isSilent() || answer.end());
    });
    on.on("error", () => answer.destroy());
    answer.on("close", () => on.destroy());
    asked.pipe(on);
  }

  /** From now on it is away in that way. What hangs leaves open what is open; anything else cuts it. */
  leave(way) {
    this.#away = AWAY[way];
    if (![HANGS, HALF_WAY].includes(this.#away)) this.#cut();
  }

  /** What it kept waiting is cut, as when cloudflared starts anew. */
  comeBack() {
    this.#away = undefined;
    this.#cut();
  }

  #cut() {
    for (const socket of this.#open) socket.destroy();
  }

  async stop() {
    this.#cut();
    await new Promise((done) => this.#server.close(done));
  }
}
