/**
 * E-mail addresses as the bridge compares them (crates/bridge-core/src/email.rs), and the keyed hash under which its list
 * of blocked ones names them. The bridge looks at every address itself: one that is spelled apart here is refused there.
 */

import { hmac } from "./sign";

/** Characters that nobody sees: those that the bridge leaves out, and no other. */
const INVISIBLE = /\u034f|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;
/** Letters that look like nothing. */
const BLANK = /\u17b4|\u17b5|[\u115f\u1160\u2800\u3164\uffa0]|[\u{e0000}-\u{e0fff}]/gu;
const VARIATIONS = Array.from({ length: 16 }, (_, n) => String.fromCodePoint(0xfe00 + n));

function seen(text: string): string {
  return VARIATIONS.reduce(
    (left, one) => left.replaceAll(one, ""),
    text.replace(INVISIBLE, "").replace(BLANK, ""),
  );
}

/** Without what mail programs write around an address, and what RFC 5322 lets anybody put into one. */
function bare(address: string): string {
  let text = address;
  for (;;) {
    const inner = withoutComments(text)
      .replace(/["\\]/g, "")
      .trim()
      .replace(/^mailto:/, "")
      .replace(/^<(.*)>$/s, "$1");
    if (inner === text) {
      return text;
    }
    text = inner;
  }
}

/** A bracket that is never closed is no comment. */
function withoutComments(text: string): string {
  let out = "";
  const open: number[] = [];
  for (const letter of text) {
    const begin = letter === ")" ? open.pop() : undefined;
    if (begin !== undefined) {
      out = out.slice(0, begin);
      continue;
    }
    if (letter === "(") {
      open.push(out.length);
    }
    out += letter;
  }
  return out;
}

function lower(text: string): string {
  // Letter by letter: a word's last sigma is a sigma like any other.
  return Array.from(text, (letter) => letter.toLowerCase()).join("");
}

export function normalEmail(address: string): string {
  const folded = bare(seen(lower(seen(address).normalize("NFKC")).normalize("NFKC")));
  const at = folded.lastIndexOf("@");
  return at < 0 ? folded : `${folded.slice(0, at)}@${asciiDomain(folded.slice(at + 1))}`;
}

/** The same without what stands behind a `+` in the name. */
export function withoutTag(address: string): string {
  const normal = normalEmail(address);
  const at = normal.lastIndexOf("@");
  const plus = normal.indexOf("+");
  return at > plus && plus > 0 ? normal.slice(0, plus) + normal.slice(at) : normal;
}

/** One that is no domain stays as it is. */
function asciiDomain(domain: string): string {
  const plain = domain.replaceAll("\u3002", ".").replace(/\.+$/, "");
  if (/[\s/\\?#:@[\]%]/.test(plain)) {
    return plain;
  }
  try {
    return new URL(`http://${plain}.invalid`).hostname.replace(/\.invalid$/, "");
  } catch {
    return plain;
  }
}

/** What the list of blocked addresses says instead of one. */
export function emailHash(secret: string, normal: string): Promise<string> {
  return hmac(secret, `blocked e-mail\n${normal}`);
}
