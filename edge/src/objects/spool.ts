/**
 * SMS that arrived while the bridge was away: stored before they are acknowledged, delivered in their order when it is
 * back, each with the time at which it came. The bridge knows a second copy (decision D9), so that one may come twice.
 * One that it does not take is set aside: it is in nobody's way, is tried again each day, and is dropped in the end.
 */

import { DurableObject } from "cloudflare:workers";
import { bridgeThrough } from "../bridge";
import { type Env, settingsOf } from "../env";
import { log } from "../log";
import { ASIDE, fits } from "../pure/room";
import { randomId } from "../pure/sign";

export interface KeptSms {
  method: string;
  target: string;
  headers: [string, string][];
  body: Uint8Array;
  client: string;
  /** Epoch seconds. */
  received: number;
  /** By what its URL with its credentials, and its address, are counted. */
  urlKey: string;
  addressKey: string;
}

const PATIENCE_MS = 8_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 20_000;
/** In one run of the alarm, which may take a quarter of an hour. */
const RUN_MAX = 500;
/** One that gets no answer so often, while the bridge answers the looks of the edge, is set aside. */
const CHOKED_MAX = 8;
/** Those that were set aside are tried again after this time, until so many fail again. */
const AGAIN_AFTER_MS = 24 * 3600 * 1000;
const AGAIN_FAILED_MAX = 3;
/** URLs that the bridge took SMS from, so that strangers cannot take their room. */
const KNOWN_MAX = 1_000;

type Row = Record<string, SqlStorageValue>;

/** What the bridge is told of it. */
export interface Counts {
  waiting: number;
  aside: number;
  /** Since it was begun. */
  dropped: number;
}

/** What became of an SMS that was handed in. */
type Outcome =
  /** The bridge has it, or said that it is no SMS and keeps it in quarantine. */
  | "done"
  /** The bridge cannot take any. */
  | "later"
  /** Perhaps it is this one alone that gets no answer. */
  | "choked"
  /** The bridge does not take this one, and keeps nothing of it. */
  | "refused";

export class Spool extends DurableObject<Env> {
  private delivering = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS sms (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, target TEXT NOT NULL, headers TEXT NOT NULL,
        body BLOB NOT NULL, client TEXT NOT NULL, received INTEGER NOT NULL, url_key TEXT NOT NULL,
        address_key TEXT NOT NULL, bytes INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0
      );
      CREATE INDEX IF NOT EXISTS sms_url ON sms (url_key);
      CREATE INDEX IF NOT EXISTS sms_address ON sms (address_key);
      CREATE TABLE IF NOT EXISTS known (url_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS aside (
        seq INTEGER PRIMARY KEY, method TEXT NOT NULL, target TEXT NOT NULL, headers TEXT NOT NULL,
        body BLOB NOT NULL, client TEXT NOT NULL, received INTEGER NOT NULL, bytes INTEGER NOT NULL,
        -- Epoch milliseconds.
        since INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS dropped (why TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.adopt();
  }

  /** An edge before this one marked those that were set aside, among those that wait. */
  private adopt(): void {
    const hasMarks = this.count("SELECT count(*) AS n FROM pragma_table_info('sms') WHERE name = 'aside'");
    if (hasMarks > 0) {
      const marked = this.ctx.storage.sql.exec("SELECT * FROM sms WHERE aside > 0");
      for (const row of marked.toArray()) {
        this.setAside(row);
      }
    }
  }

  /** Those that were set aside hold nobody up. */
  waiting(): number {
    return this.count("SELECT count(*) AS n FROM sms");
  }

  counts(): Counts {
    const aside = this.count("SELECT count(*) AS n FROM aside");
    const dropped = this.count("SELECT coalesce(sum(count), 0) AS n FROM dropped");
    return { waiting: this.waiting(), aside, dropped };
  }

  private count(query: string, ...given: SqlStorageValue[]): number {
    return Number(this.ctx.storage.sql.exec(query, ...given).one().n);
  }

  /** The bridge took an SMS with this URL and these credentials. */
  took(urlKey: string): void {
    const { sql } = this.ctx.storage;
    sql.exec("INSERT OR REPLACE INTO known (url_key, at) VALUES (?, ?)", urlKey, Date.now());
    const oldest = "SELECT url_key FROM known ORDER BY at DESC LIMIT -1 OFFSET ?";
    sql.exec(`DELETE FROM known WHERE url_key IN (${oldest})`, KNOWN_MAX);
  }

  /** Stores it behind all that wait. False: there is no room. */
  async keep(sms: KeptSms): Promise<boolean> {
    const { sql } = this.ctx.storage;
    const headers = JSON.stringify(sms.headers);
    const bytes = sms.body.byteLength + headers.length + sms.target.length;
    const all = sql.exec("SELECT count(*) AS items, coalesce(sum(bytes), 0) AS bytes FROM sms").one();
    const counted = (column: "url_key" | "address_key", key: string) =>
      this.count(`SELECT count(*) AS n FROM sms WHERE ${column} = ?`, key);
    const room = {
      items: Number(all.items),
      bytes: Number(all.bytes),
      ofUrl: counted("url_key", sms.urlKey),
      ofAddress: counted("address_key", sms.addressKey),
      isKnown: sql.exec("SELECT 1 FROM known WHERE url_key = ?", sms.urlKey).toArray().length > 0,
    };
    if (!fits(room, bytes)) {
      log({ event: "spool_full", count: room.items });
      return false;
    }
    const names = "method, target, headers, body, client, received, url_key, address_key, bytes";
    sql.exec(
      `INSERT INTO sms (${names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[sms.method, sms.target, headers, sms.body.slice().buffer, sms.client, sms.received],
      ...[sms.urlKey, sms.addressKey, bytes],
    );
    await this.wakeIn(SHORTEST_MS);
    // The acknowledgement leaves only when this is on disk.
    await this.ctx.storage.sync();
    return true;
  }

  /** The bridge is back: do not wait for the alarm. */
  async deliver(): Promise<void> {
    if (this.waiting() > 0) {
      await this.ctx.storage.setAlarm(Date.now());
    }
  }

  override async alarm(): Promise<void> {
    if (this.delivering) {
      return;
    }
    this.delivering = true;
    try {
      await this.run();
    } finally {
      this.delivering = false;
    }
  }

  /** Not later than that. */
  private async wakeIn(ms: number): Promise<void> {
    const before = await this.ctx.storage.getAlarm();
    const at = Date.now() + ms;
    if (before === null || before > at) {
      await this.ctx.storage.setAlarm(at);
    }
  }

  private async run(): Promise<void> {
    let delivered = 0;
    let stopped = false;
    for (let handled = 0; handled < RUN_MAX && !stopped; handled += 1) {
      const row = this.row("sms ORDER BY seq");
      if (row === undefined) {
        break;
      }
      const outcome = await this.handIn(row);
      if (outcome === "done") {
        this.ctx.storage.sql.exec("DELETE FROM sms WHERE seq = ?", row.seq ?? 0);
        delivered += 1;
      } else {
        stopped = !(outcome === "refused" || (outcome === "choked" && (await this.chokedOften(row))));
        if (!stopped) {
          this.setAside(row);
        }
      }
    }
    this.dropOld();
    if (!stopped) {
      delivered += await this.tryAgain();
    }
    if (delivered > 0) {
      log({ event: "sms_delivered", count: delivered });
      // It answers: the box should know at once.
      await this.env.BOX.getByName("all").suspect();
    }
    const tries = stopped && delivered === 0 ? ((await this.ctx.storage.get<number>("tries")) ?? 0) + 1 : 0;
    await this.ctx.storage.put("tries", tries);
    const { waiting, aside } = this.counts();
    if (waiting > 0) {
      const wait = stopped ? Math.min(SHORTEST_MS * 2 ** Math.min(tries, 10), LONGEST_MS) : 0;
      await this.ctx.storage.setAlarm(Date.now() + wait);
    } else if (aside > 0) {
      await this.wakeIn(AGAIN_AFTER_MS);
    }
  }

  private row(from: string, ...given: SqlStorageValue[]): Row | undefined {
    return this.ctx.storage.sql.exec(`SELECT * FROM ${from} LIMIT 1`, ...given).toArray()[0];
  }

  /**
   * One request that the bridge chokes on, again and again while it answers others, must not hold up all that come after
   * it.
   */
  private async chokedOften(row: Row): Promise<boolean> {
    if (!(await this.env.BOX.getByName("all").health()).up) {
      return false;
    }
    this.ctx.storage.sql.exec("UPDATE sms SET tries = tries + 1 WHERE seq = ?", row.seq ?? 0);
    return Number(row.tries) + 1 >= CHOKED_MAX;
  }

  /** It was acknowledged, so it stays here for a while: the bridge may take it later. */
  private setAside(row: Row): void {
    const { sql } = this.ctx.storage;
    const columns = "seq, method, target, headers, body, client, received, bytes";
    const seq = row.seq ?? 0;
    this.ctx.storage.transactionSync(() => {
      sql.exec(
        `INSERT INTO aside (${columns}, since) SELECT ${columns}, ? FROM sms WHERE seq = ?`,
        Date.now(),
        seq,
      );
      sql.exec("DELETE FROM sms WHERE seq = ?", seq);
    });
    log({ event: "sms_set_aside" });
    // Whoever could fill this room drives out others in it, and never those that wait.
    const newest = "WINDOW newest AS (ORDER BY since DESC, seq DESC)";
    const all = `SELECT seq, sum(bytes) OVER newest AS bytes, count(*) OVER newest AS items FROM aside ${newest}`;
    this.drop("no room", `SELECT seq FROM (${all}) WHERE items > ? OR bytes > ?`, ASIDE.items, ASIDE.bytes);
  }

  /** Those whose time is over. */
  private dropOld(): void {
    const { asideMs } = settingsOf(this.env);
    this.drop("too old", "SELECT seq FROM aside WHERE since <= ?", Date.now() - asideMs);
  }

  /** Whatever was acknowledged and will not be delivered is counted: the bridge is told, and the log says why. */
  private drop(why: string, which: string, ...given: SqlStorageValue[]): void {
    const { sql } = this.ctx.storage;
    const count = this.count(`SELECT count(*) AS n FROM (${which})`, ...given);
    if (count === 0) {
      return;
    }
    this.ctx.storage.transactionSync(() => {
      sql.exec(`DELETE FROM aside WHERE seq IN (${which})`, ...given);
      const more = "ON CONFLICT (why) DO UPDATE SET count = count + excluded.count";
      sql.exec(`INSERT INTO dropped (why, count) VALUES (?, ?) ${more}`, why, count);
    });
    log({ event: "sms_dropped", count, why });
  }

  /** Those that were set aside a day ago, once a day: a bridge that was updated meanwhile may take them. */
  private async tryAgain(): Promise<number> {
    const last = (await this.ctx.storage.get<number>("tried_again")) ?? 0;
    const now = Date.now();
    const due = "aside WHERE since <= ? AND seq > ? ORDER BY seq";
    const old = now - AGAIN_AFTER_MS;
    if (Math.abs(now - last) < AGAIN_AFTER_MS || this.row(due, old, 0) === undefined) {
      return 0;
    }
    await this.ctx.storage.put("tried_again", now);
    let delivered = 0;
    let failed = 0;
    for (let row = this.row(due, old, 0); row !== undefined; row = this.row(due, old, row.seq ?? 0)) {
      if ((await this.handIn(row)) === "done") {
        this.ctx.storage.sql.exec("DELETE FROM aside WHERE seq = ?", row.seq ?? 0);
        delivered += 1;
      } else {
        failed += 1;
      }
      if (failed >= AGAIN_FAILED_MAX || delivered >= RUN_MAX) {
        break;
      }
    }
    return delivered;
  }

  private async handIn(row: Row): Promise<Outcome> {
    const ask = bridgeThrough(settingsOf(this.env), fetch, Date.now, randomId);
    const method = String(row.method);
    const answer = await ask({
      method,
      target: String(row.target),
      headers: new Headers(JSON.parse(String(row.headers)) as [string, string][]),
      body: method === "GET" ? null : new Uint8Array(row.body as ArrayBuffer),
      client: String(row.client),
      requestId: randomId(),
      received: Number(row.received),
      patienceMs: PATIENCE_MS,
    });
    await answer?.body?.cancel();
    if (answer === null) {
      return "choked";
    }
    if (answer.ok) {
      return "done";
    }
    const outcome = outcomeOf(answer.status);
    const why = {
      done: "it is in quarantine",
      later: "tried again",
      choked: "tried again",
      refused: "set aside",
    };
    log({ event: "bridge_refused_kept_sms", status: answer.status, why: why[outcome] });
    return outcome;
  }
}

/** Of an answer that is no success. */
function outcomeOf(status: number): Outcome {
  // The bridge keeps in quarantine what it cannot read, and says 400 all the same.
  if (status === 400) {
    return "done";
  }
  // What may be the fault of this SMS alone: it must not hold up all others.
  if ([403, 408, 500].includes(status)) {
    return "choked";
  }
  // To one that is signed the bridge says 401 only where it does not know the signature: the secret is another, or a
  // clock is wrong. Neither is the fault of who sent the SMS.
  if (status > 500 || [401, 429].includes(status)) {
    return "later";
  }
  return "refused";
}
