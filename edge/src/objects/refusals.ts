/** What the edge refused, on its way to the bridge in batches: the bridge keeps it with a keyed hash of the address. */

import { DurableObject } from "cloudflare:workers";
import { bridgeThrough } from "../bridge";
import { type Env, settingsOf } from "../env";
import { log } from "../log";
import { randomId } from "../pure/sign";

export interface Refusal {
  /** RFC 3339. */
  at: string;
  /** A code of the bridge's problems. */
  reason: string;
  /** As it was given; empty where the body was not read. */
  mobile_number: string;
  address: string;
  country: string;
  /** How many refusals this one stands for. */
  count: number;
}

const BATCH_AFTER_MS = 5_000;
const BATCH_MAX = 200;
const KEPT_MAX = 2_000;
const LONGEST_MS = 60_000;
const PATIENCE_MS = 10_000;

export class Refusals extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS refusal (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL)",
    );
  }

  async add(refusals: Refusal[]): Promise<void> {
    const { sql } = this.ctx.storage;
    for (const refusal of refusals) {
      if (this.waiting() < KEPT_MAX) {
        sql.exec("INSERT INTO refusal (json) VALUES (?)", JSON.stringify(refusal));
      } else {
        const last = "SELECT max(seq) FROM refusal";
        const more = "json_set(json, '$.count', json_extract(json, '$.count') + ?)";
        sql.exec(`UPDATE refusal SET json = ${more} WHERE seq = (${last})`, refusal.count);
      }
    }
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + BATCH_AFTER_MS);
    }
  }

  waiting(): number {
    return Number(this.ctx.storage.sql.exec("SELECT count(*) AS n FROM refusal").one().n);
  }

  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage;
    const rows = sql.exec("SELECT seq, json FROM refusal ORDER BY seq LIMIT ?", BATCH_MAX).toArray();
    const last = rows.at(-1)?.seq;
    if (last === undefined) {
      return;
    }
    const settings = settingsOf(this.env);
    const ask = bridgeThrough(settings, fetch, Date.now, randomId);
    const answer = await ask({
      method: "POST",
      target: "/edge/refusals",
      headers: new Headers({ "Content-Type": "application/json" }),
      body: new TextEncoder().encode(`{"refusals":[${rows.map((row) => row.json).join(",")}]}`),
      client: "",
      requestId: randomId(),
      patienceMs: PATIENCE_MS,
    });
    await answer?.body?.cancel();
    if (answer?.ok) {
      sql.exec("DELETE FROM refusal WHERE seq <= ?", last);
      await this.ctx.storage.delete("tries");
      if (this.waiting() > 0) {
        await this.ctx.storage.setAlarm(Date.now() + BATCH_AFTER_MS);
      }
      return;
    }
    const tries = ((await this.ctx.storage.get<number>("tries")) ?? 0) + 1;
    await this.ctx.storage.put("tries", tries);
    log({ event: "refusals_not_delivered", count: rows.length, status: answer?.status ?? 0 });
    await this.ctx.storage.setAlarm(
      Date.now() + Math.min(BATCH_AFTER_MS * 2 ** Math.min(tries, 6), LONGEST_MS),
    );
  }
}
