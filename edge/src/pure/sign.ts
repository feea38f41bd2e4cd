/**
 * The signature with which the edge vouches for a request: the bridge believes an address only so. The bridge has the
 * same in Rust, and both read test/vectors.json.
 */

export interface Signable {
  method: string;
  /** Path and query, as the bridge sees them. */
  target: string;
  /** Epoch seconds. */
  time: number;
  /** 32 lowercase hex digits, new for each request. */
  id: string;
  /** Address and country: `203.0.113.9 IN`. */
  client: string;
  body: Uint8Array;
  /** Epoch seconds at which an SMS that was kept here arrived first. */
  received?: number | undefined;
}

const encoder = new TextEncoder();

export function hex(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is signed: each part on a line, and the time of a kept SMS on one more. */
export async function signedText(request: Signable): Promise<string> {
  const body = hex(await crypto.subtle.digest("SHA-256", request.body));
  const lines = [request.method, request.target, String(request.time), request.id, request.client, body];
  if (request.received !== undefined) {
    lines.push(String(request.received));
  }
  return lines.join("\n");
}

/** Lowercase hex HMAC-SHA256. */
export async function hmac(secret: string, text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

/** The headers that a signed request carries. */
export async function edgeHeaders(secret: string, request: Signable): Promise<Record<string, string>> {
  const headers: Record<string, string> = {
    "X-Edge-Time": String(request.time),
    "X-Edge-Id": request.id,
    "X-Edge-Client": request.client,
    "X-Edge-Signature": await hmac(secret, await signedText(request)),
  };
  if (request.received !== undefined) {
    headers["X-Edge-Received"] = String(request.received);
  }
  return headers;
}

export function randomId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
