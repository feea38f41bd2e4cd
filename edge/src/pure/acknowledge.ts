/** What a sender of SMS wants to hear once its SMS is kept: from the bridge's own list of formats. */

import contract from "../generated/contract.json";

export interface Format {
  name: string;
  takes_get: boolean;
  /** Its sender asks with HEAD of what kind the answer to a delivery is. */
  asks_first: boolean;
  reply: { content_type: string; body: string } | null;
}

const FORMATS: readonly Format[] = contract.formats;

/** The format that a route names; null: it names none, as the plain route. */
export function namedIn(pathname: string): string | null {
  const name = /^\/{1,2}sms\/receive\/{1,2}([^/]+)\/?$/.exec(pathname)?.[1];
  if (name === undefined) {
    return null;
  }
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export function formatOf(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}

export const FORMAT_NAMES: readonly string[] = FORMATS.map(({ name }) => name);

/** Kept, to be judged later: the bridge's own answer for that, in the words of the format. */
export function acknowledgement(format: Format | undefined): Response {
  if (format?.reply) {
    const { content_type, body } = format.reply;
    return new Response(body, { status: 200, headers: { "Content-Type": content_type } });
  }
  return Response.json({ status: "stored" }, { status: format === undefined ? 202 : 200 });
}
