/** A request as the handlers take it: its body read up to the route's limit, its method and content type looked at. */

import { type Client, clientOf, clientText, limitKey } from "./pure/client";
import { Refused } from "./pure/problem";
import type { Route } from "./routes";

export interface Incoming {
  route: Route;
  method: string;
  url: URL;
  /** Path and query. */
  target: string;
  headers: Headers;
  body: Uint8Array | null;
  client: Client;
  clientText: string;
  limitKey: string;
  requestId: string;
}

/** A client's own id where it is a sensible one, as the bridge does it. */
export function requestIdOf(request: Request, newId: () => string): string {
  const given = request.headers.get("x-request-id") ?? "";
  return /^[\x21-\x7e]{1,64}$/.test(given) ? given : newId();
}

/** In the place of a client's id where a number or an address may stand in it: the log holds neither. */
const OF_THE_CLIENT = "of-the-client";
const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** The id as the log may hold it, as the bridge does it. */
export function requestIdForLog(requestId: string, request: Request): string {
  const isOurs = request.headers.get("x-request-id") !== requestId;
  return isOurs || UUID.test(requestId) || !/\d{7}|[@+%]/.test(requestId) ? requestId : OF_THE_CLIENT;
}

export async function read(request: Request, route: Route, requestId: string): Promise<Incoming> {
  if (!route.methods.includes(request.method)) {
    const detail = "this address does not take that method";
    throw new Refused({ code: "method_not_allowed", detail, headers: { Allow: route.methods.join(", ") } });
  }
  const url = new URL(request.url);
  if (isTooLong(url, request.headers)) {
    throw new Refused({
      code: "invalid_request",
      detail: "the address or the headers are longer than any sender's",
    });
  }
  const client = clientOf(request);
  const body = await bodyOf(request, route.bytes);
  if (body !== null && route.takes !== undefined) {
    requireType(request, route.takes);
  }
  return {
    route,
    method: request.method,
    url,
    target: url.pathname + url.search,
    headers: request.headers,
    body,
    client,
    clientText: clientText(client),
    limitKey: limitKey(client.address),
    requestId,
  };
}

/** Less than the bridge's own server takes: what it refuses before it reads it would never be delivered. */
const TARGET_MAX = 8 * 1024;
const HEADERS_MAX = 16 * 1024;
const HEADERS_MAX_COUNT = 64;

function isTooLong(url: URL, headers: Headers): boolean {
  const all = [...headers];
  const length = all.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return (
    url.pathname.length + url.search.length > TARGET_MAX ||
    length > HEADERS_MAX ||
    all.length > HEADERS_MAX_COUNT
  );
}

function requireType(request: Request, takes: "json" | "form"): void {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const fits =
    takes === "json"
      ? type === "application/json" || type.endsWith("+json")
      : type === "application/x-www-form-urlencoded";
  if (!fits) {
    const wanted = takes === "json" ? "application/json" : "application/x-www-form-urlencoded";
    throw new Refused({ code: "unsupported_media_type", detail: `send Content-Type: ${wanted}` });
  }
}

/** Never more than allowed, whatever the client says how long it is. Null where the method has no body. */
async function bodyOf(request: Request, max: number): Promise<Uint8Array | null> {
  if (["GET", "HEAD", "OPTIONS"].includes(request.method)) {
    return null;
  }
  const tooLarge = () =>
    new Refused({ code: "body_too_large", detail: `the body is larger than ${max} bytes` });
  if (Number(request.headers.get("content-length") ?? "0") > max) {
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const part = await reader.read();
    if (part.done) {
      break;
    }
    length += part.value.byteLength;
    if (length > max) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(part.value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

/** The fields of a body, as far as they are texts. What cannot be read here, the bridge reads. */
export function fieldsOf(incoming: Incoming): Record<string, string> {
  const text = new TextDecoder().decode(incoming.body ?? new Uint8Array());
  const type = incoming.headers.get("content-type") ?? "";
  if (type.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const json: unknown = JSON.parse(text);
    const entries = Object.entries(json !== null && typeof json === "object" ? json : {});
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return {};
  }
}
