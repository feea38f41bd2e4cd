import { describe, expect, it } from "vitest";
import { emailHash, normalEmail, withoutTag } from "../src/pure/email";
import { edgeHeaders } from "../src/pure/sign";
import vectors from "./vectors.json";

interface Vector {
  case: string;
  secret: string;
  method: string;
  target: string;
  time: number;
  id: string;
  client: string;
  body?: string;
  body_hex?: string;
  received?: number;
  signature: string;
}

function bodyOf({ body, body_hex }: Vector): Uint8Array {
  if (body_hex === undefined) {
    return new TextEncoder().encode(body);
  }
  return Uint8Array.from(body_hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

describe("the signature is the one that the bridge makes", () => {
  it.each(vectors.signatures as Vector[])("$case", async (vector) => {
    const headers = await edgeHeaders(vector.secret, { ...vector, body: bodyOf(vector) });
    expect(headers["X-Edge-Signature"]).toBe(vector.signature);
    expect(headers["X-Edge-Received"]).toBe(vector.received?.toString());
  });
});

describe("e-mail addresses are compared as the bridge compares them", () => {
  it.each(vectors.emails)("$address", async ({ address, normal, hash }) => {
    expect(normalEmail(address)).toBe(normal);
    expect(await emailHash(vectors.secret, normalEmail(address))).toBe(hash);
  });
  it.each(vectors.tags)("without its tag: $address", ({ address, without_tag }) => {
    expect(withoutTag(address)).toBe(without_tag);
  });
});
