// The sandbox that `cargo xtask test --only api` starts, and what stands between it and a client: a proxy that is as bad as
// networks are.
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SmsBridge } from "../src/index.js";

export const URL_OF_BRIDGE = process.env.BRIDGE_URL ?? "";
export const API_KEY = process.env.API_KEY ?? "";
/** Without a bridge the tests that need one are skipped. */
export const WITHOUT_BRIDGE = URL_OF_BRIDGE === "" && "no BRIDGE_URL of a sandbox is given";

export const app = () => new SmsBridge({ url: URL_OF_BRIDGE, apiKey: API_KEY });

let people = 0;
/** Somebody new who registers that magic number. */
export function somebody(n: number) {
  people += 1;
  const device_id = `sdk-${process.pid}-${Date.now()}-${people}`;
  return { mobile_number: `+1500555000${n}`, email: "sdk@example.com", device_id };
}

export interface Proxy {
  url: string;
  asked: string[];
  close(): Promise<void>;
}

/** Passes on what `how` does not take. */
export async function proxy(
  how: (asked: IncomingMessage, answer: ServerResponse) => boolean,
): Promise<Proxy> {
  const asked: string[] = [];
  const server = createServer((incoming, answer) => {
    asked.push(incoming.url ?? "");
    if (how(incoming, answer)) {
      return;
    }
    const { method, headers } = incoming;
    const onward = request(URL_OF_BRIDGE + incoming.url, { method, headers }, (theirs) => {
      answer.writeHead(theirs.statusCode ?? 502, theirs.headers);
      theirs.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}
