/** The bridge as the edge reaches it: signs what is asked, waits only so long, and knows the bridge's own answers. */

import { edgeHeaders } from "./pure/sign";

export interface BridgeAccess {
  bridgeUrl: string;
  secret: string;
  access: { id: string; secret: string } | null;
}

export interface Asked {
  method: string;
  /** Path and query. */
  target: string;
  headers: Headers;
  body: Uint8Array | null;
  /** `203.0.113.9 IN`; empty where the edge itself asks. */
  client: string;
  requestId: string;
  /** Epoch seconds at which a kept SMS arrived. */
  received?: number;
  /** How long until the answer is there: the whole of it, but of a stream its head. */
  patienceMs: number;
}

/** The bridge's own answer, or nothing: away, silent, or somebody else's page in its place. */
export type AskBridge = (asked: Asked) => Promise<Response | null>;

/** What belongs to one connection, or was said by somebody who may not say it. */
const NOT_PASSED_ON = new Set([
  "connection",
  "content-length",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "true-client-ip",
  "upgrade",
  "via",
  "x-real-ip",
  "x-request-id",
]);
const NOT_PASSED_ON_BEGINNINGS = ["cf-", "x-edge-", "x-forwarded-"];

export function passedOn(headers: Headers): Headers {
  const passed = new Headers();
  for (const [name, value] of headers) {
    if (!NOT_PASSED_ON.has(name) && !NOT_PASSED_ON_BEGINNINGS.some((start) => name.startsWith(start))) {
      passed.append(name, value);
    }
  }
  return passed;
}

/** A tunnel may hang or break half way through an answer: half of one is none. A stream has no end to wait for. */
async function whole(method: string, answer: Response): Promise<Response> {
  const isStream = (answer.headers.get("content-type") ?? "").startsWith("text/event-stream");
  if (isStream || method === "HEAD" || answer.body === null) {
    return answer;
  }
  return new Response(await answer.arrayBuffer(), answer);
}

export function bridgeThrough(
  access: BridgeAccess,
  outside: typeof fetch,
  clock: () => number,
  newId: () => string,
): AskBridge {
  return async (asked) => {
    // Put together as they are: a path that begins with two slashes would be another host's address by itself.
    const url = new URL(access.bridgeUrl + asked.target);
    const headers = new Headers(asked.headers);
    const signed = await edgeHeaders(access.secret, {
      method: asked.method,
      target: url.pathname + url.search,
      time: Math.floor(clock() / 1000),
      id: newId(),
      client: asked.client,
      body: asked.body ?? new Uint8Array(),
      received: asked.received,
    });
    for (const [name, value] of Object.entries(signed)) {
      headers.set(name, value);
    }
    headers.set("X-Request-Id", asked.requestId);
    if (access.access !== null) {
      headers.set("CF-Access-Client-Id", access.access.id);
      headers.set("CF-Access-Client-Secret", access.access.secret);
    }
    const tooLong = new AbortController();
    const timer = setTimeout(() => tooLong.abort(), asked.patienceMs);
    try {
      const answer = await outside(url.toString(), {
        method: asked.method,
        headers,
        body: asked.body,
        redirect: "manual",
        signal: tooLong.signal,
      });
      // Everything that the bridge says carries the id of the request. A page of a proxy in its place does not.
      if (answer.headers.get("x-request-id") !== asked.requestId) {
        await answer.body?.cancel();
        return null;
      }
      return await whole(asked.method, answer);
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  };
}
