/** Who asks: the address that Cloudflare saw, and by what it is counted. */

/** Cloudflare's own word for a country that it does not know. */
export const NO_COUNTRY = "XX";

export interface Client {
  address: string;
  country: string;
  /** The zone of its clock, as Cloudflare knows it from the address: `Asia/Kolkata`. */
  zone: string | null;
}

/** On Cloudflare these headers are its own: what a client wrote into them is gone. */
export function clientOf(request: Request): Client {
  const told = request.headers.get("cf-connecting-ip")?.trim() ?? "";
  const country = request.cf?.country ?? request.headers.get("cf-ipcountry") ?? NO_COUNTRY;
  return {
    address: canonical(told) ?? "unknown",
    country: typeof country === "string" && /^[A-Z][A-Z0-9]$/.test(country) ? country : NO_COUNTRY,
    zone: typeof request.cf?.timezone === "string" ? request.cf.timezone : null,
  };
}

/** As it is signed: `203.0.113.9 IN`. */
export function clientText(client: Client): string {
  return `${client.address} ${client.country}`;
}

/** By what an address is counted: an IPv4 address, or the network of 64 bits that an IPv6 subscriber has. */
export function limitKey(address: string): string {
  const groups = groupsOf(address);
  return groups === null ? address : `${groups.slice(0, 4).join(":")}::/64`;
}

/** One spelling for each address. An IPv4 address in the clothes of IPv6 is one of IPv4. */
export function canonical(address: string): string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const parts = address.split(".").map(Number);
    return parts.every((part) => part <= 255) ? parts.join(".") : null;
  }
  const groups = groupsOf(address);
  if (groups === null) {
    return null;
  }
  const [high, low] = [groups[6], groups[7]].map((group) => Number.parseInt(group ?? "0", 16));
  const isMapped = groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff";
  if (isMapped && high !== undefined && low !== undefined) {
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] | null {
  if (!address.includes(":")) {
    return null;
  }
  let short: string;
  try {
    short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  } catch {
    return null;
  }
  const [before = "", after] = short.split("::");
  const head = before === "" ? [] : before.split(":");
  if (after === undefined) {
    return head;
  }
  const tail = after === "" ? [] : after.split(":");
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
}
