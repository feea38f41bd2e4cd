/** A bridge for the tests: every `fetch` of the Worker and its objects ends here, and is remembered. */

import { vi } from "vitest";

export interface Heard {
  method: string;
  url: URL;
  headers: Headers;
  body: Uint8Array;
  text: string;
  /** Fires when whoever asked gives up. */
  signal: AbortSignal;
}

export type Answering = (heard: Heard) => Response | null | Promise<Response | null>;

/** A tunnel that never answers. */
export const HANGS: Answering = () => new Promise(() => undefined);
export const REFUSES: Answering = () => null;
/** What a tunnel says whose bridge is away. */
export const BAD_GATEWAY: Answering = () =>
  new Response("<html><h1>502 Bad Gateway</h1></html>", {
    status: 502,
    headers: { "Content-Type": "text/html" },
  });

/** An answer of the bridge that stops half way: the connection stays open, until whoever asked gives up. */
export const HALF: Answering = (heard) => {
  const half = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"status":'));
      heard.signal.addEventListener("abort", () => controller.error(new Error("aborted")));
    },
  });
  const id = heard.headers.get("x-request-id") ?? "";
  return new Response(half, { headers: { "Content-Type": "application/json", "X-Request-Id": id } });
};
/** The same, cut. */
export const CUT: Answering = (heard) => {
  const cut = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"status":'));
    },
    pull(controller) {
      controller.error(new Error("the connection was reset"));
    },
  });
  const id = heard.headers.get("x-request-id") ?? "";
  return new Response(cut, { headers: { "Content-Type": "application/json", "X-Request-Id": id } });
};

const OWN = ["/readyz", "/edge/blocklist", "/edge/refusals"];

export class FakeBridge {
  heard: Heard[] = [];
  answering: Answering = answer200;
  /** The edge's own looks are answered by this, where a test is not about them. */
  looks: Answering | null = null;

  constructor() {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const body = new Uint8Array(await request.arrayBuffer());
      const text = new TextDecoder().decode(body);
      const heard = {
        method: request.method,
        url: new URL(request.url),
        headers: request.headers,
        body,
        text,
        signal: request.signal,
      };
      this.heard.push(heard);
      const silent = new Promise<never>((_, reject) => {
        request.signal.addEventListener("abort", () => reject(new Error("aborted")));
      });
      const isLook = OWN.includes(heard.url.pathname);
      const answering = isLook && this.looks !== null ? this.looks : this.answering;
      const answer = await Promise.race([answering(heard), silent]);
      if (answer === null) {
        throw new TypeError("connection refused");
      }
      return answer;
    });
  }

  /** What was asked of the bridge but for the edge's own questions. */
  requests(path?: string): Heard[] {
    return this.heard.filter(({ url }) => (path ? url.pathname === path : !OWN.includes(url.pathname)));
  }
}

/** An answer of the bridge: it carries the id of the request. */
export function said(heard: Heard, body: unknown, init: ResponseInit = {}): Response {
  const response = Response.json(body, init);
  response.headers.set("X-Request-Id", heard.headers.get("x-request-id") ?? "");
  return response;
}

export function answer200(heard: Heard): Response {
  if (heard.url.pathname === "/edge/blocklist") {
    return said(heard, { ignore_tags: false, addresses: [] }, { headers: { ETag: '"empty"' } });
  }
  return said(heard, { status: "ok" });
}
