/**
 * SMS that arrived while the bridge was away: stored before they are acknowledged, delivered in their order when it is
 * back, each with the time at which it came. The bridge knows a second copy (decision D9), so that one may come twice.
 */

import { DurableObject } from "cloudflare:workers";
import { bridgeThrough } from "../bridge";
import { type Env, settingsOf } from "../env";
import { log } from "../log";
import { fits } from "../pure/room";
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
/** URLs that the bridge took SMS from, so that strangers cannot take their room. */
const KNOWN_MAX = 1_000;

type Row = Record<string, SqlStorageValue>;

export class Spool extends DurableObject<Env> {
  private delivering = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS sms (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, target TEXT NOT NULL, headers TEXT NOT NULL,
        body BLOB NOT NULL, client TEXT NOT NULL, received INTEGER NOT NULL, url_key TEXT NOT NULL,
        address_key TEXT NOT NULL, bytes INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
        aside INTEGER NOT NULL DEFAULT 0
      );
      CREATE INDEX IF NOT EXISTS sms_url ON sms (url_key);
      CREATE INDEX IF NOT EXISTS sms_address ON sms (address_key);
      CREATE TABLE IF NOT EXISTS known (url_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    `);
  }

  /** Those that were set aside hold nobody up. */
  waiting(): number {
    return Number(this.ctx.storage.sql.exec("SELECT count(*) AS n FROM sms WHERE aside = 0").one().n);
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
      Number(sql.exec(`SELECT count(*) AS n FROM sms WHERE ${column} = ?`, key).one().n);
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
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + SHORTEST_MS);
    }
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

  private async run(): Promise<void> {
    const { sql } = this.ctx.storage;
    let delivered = 0;
    let stopped = false;
    while (delivered < RUN_MAX && !stopped) {
      const [row] = sql.exec("SELECT * FROM sms WHERE aside = 0 ORDER BY seq LIMIT 1").toArray();
      if (row === undefined) {
        break;
      }
      const outcome = await this.handIn(row);
      if (outcome === "done") {
        sql.exec("DELETE FROM sms WHERE seq = ?", row.seq ?? 0);
        delivered += 1;
      } else {
        stopped = !(outcome === "choked" && (await this.setAside(row)));
      }
    }
    if (delivered > 0) {
      log({ event: "sms_delivered", count: delivered });
      // It answers: the box should know at once.
      await this.env.BOX.getByName("all").suspect();
    }
    const tries = stopped && delivered === 0 ? ((await this.ctx.storage.get<number>("tries")) ?? 0) + 1 : 0;
    await this.ctx.storage.put("tries", tries);
    if (this.waiting() > 0) {
      const wait = stopped ? Math.min(SHORTEST_MS * 2 ** Math.min(tries, 10), LONGEST_MS) : 0;
      await this.ctx.storage.setAlarm(Date.now() + wait);
    }
  }

  /**
   * One request that the bridge chokes on, again and again while it answers others, must not hold up all that come after
   * it. It was acknowledged, so it stays here, for whoever reads the log.
   */
  private async setAside(row: Row): Promise<boolean> {
    const { sql } = this.ctx.storage;
    if (!(await this.env.BOX.getByName("all").health()).up) {
      return false;
    }
    const isAside = Number(row.tries) + 1 >= CHOKED_MAX ? 1 : 0;
    sql.exec("UPDATE sms SET tries = tries + 1, aside = ? WHERE seq = ?", isAside, row.seq ?? 0);
    if (isAside === 1) {
      log({ event: "sms_set_aside" });
    }
    return isAside === 1;
  }

  /**
   * Done: the bridge has it, or said that it is no SMS. Later: the bridge cannot take any. Choked: perhaps it is this one
   * alone that gets no answer.
   */
  private async handIn(row: Row): Promise<"done" | "later" | "choked"> {
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
    if (answer === null || answer.status === 500) {
      return "choked";
    }
    if (answer.ok) {
      return "done";
    }
    // To one that is signed the bridge says 401 only where it does not know the signature: the secret is another, or a
    // clock is wrong. Neither is the fault of who sent the SMS.
    if (answer.status >= 500 || [401, 403, 408, 429].includes(answer.status)) {
      log({ event: "bridge_refused_kept_sms", status: answer.status });
      return "later";
    }
    // The bridge keeps in quarantine what it cannot read, and says 400 all the same.
    log({ event: "bridge_refused_kept_sms", status: answer.status, why: "not tried again" });
    return "done";
  }
}
