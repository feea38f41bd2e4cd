/**
 * What the edge writes to the log: a line of JSON with words and figures from a closed list. No address, number, e-mail
 * address, token, hash or text is among them, and so none can get there.
 */

export interface Line {
  event:
    | "answered"
    | "failed"
    | "bridge_dark"
    | "bridge_back"
    | "bridge_refused_kept_sms"
    | "sms_kept"
    | "sms_delivered"
    | "sms_set_aside"
    | "sms_dropped"
    | "spool_full"
    | "refusals_not_delivered"
    | "blocklist_not_read"
    | "turnstile_unreachable"
    | "supabase_failed"
    | "not_set_up";
  /** The template of a route, never a path. */
  route?: string;
  method?: string;
  status?: number;
  ms?: number;
  code?: string;
  count?: number;
  country?: string;
  request_id?: string;
  /** Of our own making. */
  why?: string;
}

export type Log = (line: Line) => void;

export const log: Log = (line) => {
  // biome-ignore lint/suspicious/noConsole: this is where the log is written.
  console.log(JSON.stringify(line));
};
