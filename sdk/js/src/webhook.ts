/** Verifies what the bridge posts to an app (Standard Webhooks 1.0), with the Web Crypto of whatever runs it. */

export interface WebhookEvent {
  /** The same at every try of one event: keep it to notice repeats. */
  id: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

export interface VerifyOptions {
  /** `whsec_…`; several while one is rotated. */
  secret: string | readonly string[];
  headers: Headers | Record<string, string | readonly string[] | undefined>;
  /** The body as it came: not read as JSON and written anew. */
  body: string | Uint8Array;
  /** Epoch milliseconds; now where not given. */
  now?: number;
  /** How many seconds its time may differ from ours. */
  toleranceSeconds?: number;
}

/** Do not believe the message: answer 400. */
export class WebhookRefused extends Error {
  override readonly name = "WebhookRefused";
  readonly code: "missing_headers" | "too_old" | "too_new" | "wrong_signature" | "unreadable";

  constructor(code: WebhookRefused["code"], detail: string) {
    super(detail);
    this.code = code;
  }
}

const TOLERANCE_SECONDS = 300;
const PREFIX = "whsec_";

/** The event, if one of the secrets signed it; else it throws `WebhookRefused`. */
export async function verifyWebhook(options: VerifyOptions): Promise<WebhookEvent> {
  const id = header(options.headers, "webhook-id");
  const timestamp = header(options.headers, "webhook-timestamp");
  const signatures = header(options.headers, "webhook-signature");
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookRefused(
      "missing_headers",
      "webhook-id, webhook-timestamp or webhook-signature is missing",
    );
  }
  const age = (options.now ?? Date.now()) / 1_000 - Number(timestamp);
  const tolerance = options.toleranceSeconds ?? TOLERANCE_SECONDS;
  if (age > tolerance) {
    throw new WebhookRefused("too_old", "the message was made too long ago");
  }
  if (age < -tolerance) {
    throw new WebhookRefused("too_new", "the message is from the future: is a clock wrong?");
  }
  const body = typeof options.body === "string" ? new TextEncoder().encode(options.body) : options.body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const secrets = typeof options.secret === "string" ? [options.secret] : options.secret;
  if (!(await isSignedByOne(secrets, signatures, signed))) {
    throw new WebhookRefused("wrong_signature", "no signature of the message is one of the given secrets");
  }
  return { id, ...read(body) };
}

async function isSignedByOne(
  secrets: readonly string[],
  signatures: string,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const given = signatures
    .split(" ")
    .filter((signature) => signature.startsWith("v1,"))
    .map((signature) => bytesOf(signature.slice("v1,".length)));
  let isSigned = false;
  for (const secret of secrets) {
    const bytes = bytesOf(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
    if (bytes === null || bytes.length === 0) {
      throw new TypeError(`a webhook's secret is ${PREFIX} and base64`);
    }
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
    for (const signature of given) {
      // Compares in constant time.
      isSigned =
        (signature !== null && (await crypto.subtle.verify("HMAC", key, signature, signed))) || isSigned;
    }
  }
  return isSigned;
}

function read(body: Uint8Array): Omit<WebhookEvent, "id"> {
  try {
    const { type, timestamp, data } = JSON.parse(new TextDecoder().decode(body)) as WebhookEvent;
    if (
      typeof type === "string" &&
      typeof timestamp === "string" &&
      typeof data === "object" &&
      data !== null
    ) {
      return { type, timestamp, data };
    }
  } catch {
    // The same as a body without what belongs into it.
  }
  throw new WebhookRefused("unreadable", "the message is signed but holds no event");
}

function header(headers: VerifyOptions["headers"], name: string): string | undefined {
  if (headers instanceof Headers) {
    return headers.get(name) ?? undefined;
  }
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : found?.[0];
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
