/** What a sender of SMS wants to hear once its SMS is kept: from the bridge's own list of formats. */

import contract from "../generated/contract.json";

export interface Format {
  name: string;
  takes_get: boolean;
  reply: { content_type: string; body: string } | null;
}

const FORMATS: readonly Format[] = contract.formats;

/** The format that a route names. */
export function formatOf(pathname: string): Format | undefined {
  const name = /^\/sms\/receive\/([^/]+)\/?$/.exec(pathname)?.[1];
  return FORMATS.find((format) => format.name === name);
}

/** Kept, to be judged later: the bridge's own answer for that, in the words of the format. */
export function acknowledgement(format: Format | undefined): Response {
  if (format?.reply) {
    const { content_type, body } = format.reply;
    return new Response(body, { status: 200, headers: { "Content-Type": content_type } });
  }
  return Response.json({ status: "stored" }, { status: format === undefined ? 202 : 200 });
}
