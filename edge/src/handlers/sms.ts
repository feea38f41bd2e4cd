/**
 * A delivery of SMS. With the spool on, one that does not reach the bridge is kept before it is acknowledged; while
 * any waits, all later ones join behind it, so that the bridge gets them in their order.
 */

import { passedOn } from "../bridge";
import type { Deps } from "../deps";
import contract from "../generated/contract.json";
import type { Incoming } from "../incoming";
import { acknowledgement, FORMAT_NAMES, type Format, formatOf, namedIn } from "../pure/acknowledge";
import { Refused } from "../pure/problem";
import { hex } from "../pure/sign";
import { forwarded } from "./forward";

const RETRY_AFTER_SECONDS = 30;
/** What the bridge can unpack. */
const ENCODINGS = ["", "identity", "gzip", "deflate", "br", "zstd"];
/** Whom this isolate told the spool of already. */
const told = new Set<string>();
const TOLD_MAX = 1_000;

export async function receive(
  deps: Deps,
  incoming: Incoming,
  waitUntil: (work: Promise<void>) => void,
): Promise<Response> {
  const name = namedIn(incoming.url.pathname);
  const format = name === null ? undefined : formatOf(name);
  const isUnknown = name !== null && format === undefined;
  if (!isUnknown) {
    mustDeliver(incoming, format);
  }
  if (!(await deps.maySendSms(incoming.limitKey))) {
    const detail = "this address delivers too many SMS: wait a little";
    throw new Refused({ code: "too_many_requests", detail, retryAfter: RETRY_AFTER_SECONDS });
  }
  if (isUnknown || incoming.method === "HEAD") {
    return (await ofTheBridge(deps, incoming)) ?? ofNoDelivery(format);
  }
  const received = Math.floor(deps.clock() / 1000);
  const { spool } = deps.settings;
  const isUp = (await deps.box.health()).up;
  const mustWait = spool && (!isUp || (await deps.spool.waiting()) > 0);
  // Without a spool it is tried even where the bridge seems to be away: there is nothing to lose.
  const answer = mustWait ? null : await forwarded(deps, incoming);
  if (answer !== null && answer.status < 500) {
    if (spool && answer.ok) {
      waitUntil(remember(deps, incoming));
    }
    return answer;
  }
  if (spool && (await keep(deps, incoming, received))) {
    await answer?.body?.cancel();
    deps.log({ event: "sms_kept", country: incoming.client.country });
    return acknowledgement(format);
  }
  if (answer !== null) {
    return answer;
  }
  const detail = "the bridge does not answer: keep this SMS and send it again";
  throw new Refused({ code: "unavailable", detail, retryAfter: RETRY_AFTER_SECONDS });
}

/** Refused as the bridge does it: a method with which no sender of this format delivers. */
function mustDeliver({ method }: Incoming, format: Format | undefined): void {
  const delivers = method === "POST" || (method === "GET" && format?.takes_get === true);
  if (!delivers && !(method === "HEAD" && format?.asks_first === true)) {
    const detail = `${format?.name ?? "this address"} delivers with POST`;
    const headers = { Allow: format?.takes_get === true ? "GET, POST" : "POST" };
    throw new Refused({ code: "method_not_allowed", detail, headers });
  }
}

/** While it answers, its word counts: a bridge that is newer than the edge may have a format that the edge has not. */
async function ofTheBridge(deps: Deps, incoming: Incoming): Promise<Response | null> {
  return (await deps.box.health()).up ? forwarded(deps, incoming) : null;
}

/** While it does not: who asks first hears of what kind the answer will be, and a format that is none is none. */
function ofNoDelivery(format: Format | undefined): Response {
  if (format === undefined) {
    const detail = `there is no such format: known are ${FORMAT_NAMES.join(", ")}`;
    throw new Refused({ code: "not_found", detail });
  }
  return acknowledgement(format);
}

/** False: it cannot be promised to arrive. */
async function keep(deps: Deps, incoming: Incoming, received: number): Promise<boolean> {
  const encoding = (incoming.headers.get("content-encoding") ?? "").trim().toLowerCase();
  const body = incoming.body ?? new Uint8Array();
  // Later the bridge would refuse what it does not know, and of a stranger what is longer.
  if (!ENCODINGS.includes(encoding) || body.byteLength > contract.bytes.stranger) {
    return false;
  }
  const headers = passedOn(incoming.headers);
  headers.set("X-Forwarded-Host", incoming.url.host);
  headers.set("X-Forwarded-Proto", incoming.url.protocol.replace(":", ""));
  return deps.spool.keep({
    method: incoming.method,
    target: incoming.target,
    headers: [...headers],
    body,
    client: incoming.clientText,
    received,
    urlKey: await urlKey(incoming),
    addressKey: incoming.limitKey,
  });
}

async function remember(deps: Deps, incoming: Incoming): Promise<void> {
  const key = await urlKey(incoming);
  if (!told.has(key)) {
    if (told.size >= TOLD_MAX) {
      told.clear();
    }
    told.add(key);
    await deps.spool.took(key);
  }
}

/** The same for all SMS of one receiver, and nobody else's: its address, with the credentials that come in it or beside. */
async function urlKey({ url, headers }: Incoming): Promise<string> {
  const secrets = ["apiKey", "receiver"].map((name) => url.searchParams.get(name) ?? "");
  const text = [url.pathname, ...secrets, headers.get("authorization") ?? ""].join("\n");
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
