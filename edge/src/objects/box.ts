/**
 * The box that the bridge runs on, as the edge knows it: whether it answers, found out by looks of its own alarm, which
 * e-mail addresses it blocks, and which websites may follow. How one look changes the state is pure/health.ts.
 */

import { DurableObject } from "cloudflare:workers";
import { bridgeThrough } from "../bridge";
import { type Env, type Settings, settingsOf } from "../env";
import type { components } from "../generated/openapi";
import { log } from "../log";
import { FRESH, type Health, healthOf, look, nextLookMs, type Watch } from "../pure/health";
import { randomId } from "../pure/sign";

const PATIENCE_MS = 5_000;

interface Blocklist {
  etag: string;
  ignoreTags: boolean;
  /** The bridge's setting `status_origins`; missing in what an edge before this one wrote. */
  websites?: string[];
}

type List = components["schemas"]["EdgeBlocklist"];

export class Box extends DurableObject<Env> {
  private watch: Watch = FRESH;
  private blocklist: Blocklist | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS blocked (hash TEXT PRIMARY KEY) WITHOUT ROWID");
    ctx.blockConcurrencyWhile(async () => {
      this.watch = (await ctx.storage.get<Watch>("watch")) ?? FRESH;
      this.blocklist = await ctx.storage.get<Blocklist>("blocklist");
    });
  }

  /** How it is, as of the last look. Whoever asks first begins the looking. */
  async health(): Promise<Health> {
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now());
    }
    return healthOf(this.watch);
  }

  /** A request did not reach it: look now. */
  async suspect(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Is one of these on its list? The first hash is that of the address, the second that of the mailbox without a tag. */
  isBlocked([address, mailbox]: [string, string]): boolean {
    const asked = this.blocklist?.ignoreTags ? mailbox : address;
    return this.ctx.storage.sql.exec("SELECT 1 FROM blocked WHERE hash = ?", asked).toArray().length > 0;
  }

  /** Whose pages may read what the edge says of a registration that they follow. */
  websites(): string[] {
    return this.blocklist?.websites ?? [];
  }

  override async alarm(): Promise<void> {
    const settings = settingsOf(this.env);
    const wasUp = healthOf(this.watch).up;
    const answered = await this.answers(settings);
    const before = this.watch;
    this.watch = look(before, answered, Date.now());
    // Each row that is written counts against the plan, and on most days nothing changes.
    if (this.watch.failures !== before.failures) {
      await this.ctx.storage.put("watch", this.watch);
    }
    const { up } = healthOf(this.watch);
    if (wasUp !== up) {
      log({ event: up ? "bridge_back" : "bridge_dark" });
    }
    await this.ctx.storage.setAlarm(Date.now() + nextLookMs(this.watch, settings.probeMs));
    if (!wasUp && up && settings.spool) {
      await this.env.SPOOL.getByName("all").deliver();
    }
    if (answered) {
      await this.readBlocklist(settings);
    }
  }

  private async answers(settings: Settings): Promise<boolean> {
    const answer = await this.ask(settings, "/readyz", new Headers());
    await answer?.body?.cancel();
    return answer?.status === 200;
  }

  /** Asks only for what changed. */
  private async readBlocklist(settings: Settings): Promise<void> {
    const known = this.blocklist?.websites && this.blocklist.etag;
    const headers = new Headers(known ? { "If-None-Match": known } : undefined);
    const nothing = { waiting: 0, aside: 0, dropped: 0 };
    const kept = settings.spool ? await this.env.SPOOL.getByName("all").counts() : nothing;
    const said = Object.entries(kept).map(([name, count]) => `${name}=${count}`);
    const answer = await this.ask(settings, `/edge/blocklist?${said.join("&")}`, headers);
    if (answer?.status !== 200) {
      await answer?.body?.cancel();
      if (answer?.status !== 304) {
        log({ event: "blocklist_not_read", status: answer?.status ?? 0 });
      }
      return;
    }
    const list = await answer.json<List>().catch(() => null);
    if (list === null) {
      return;
    }
    this.ctx.storage.transactionSync(() => {
      const { sql } = this.ctx.storage;
      sql.exec("DELETE FROM blocked");
      for (const hash of list.addresses) {
        sql.exec("INSERT OR IGNORE INTO blocked (hash) VALUES (?)", hash);
      }
    });
    this.blocklist = {
      etag: answer.headers.get("etag") ?? "",
      ignoreTags: list.ignore_tags,
      websites: list.status_origins ?? [],
    };
    await this.ctx.storage.put("blocklist", this.blocklist);
  }

  private ask(settings: Settings, target: string, headers: Headers): Promise<Response | null> {
    const ask = bridgeThrough(settings, fetch, Date.now, randomId);
    const requestId = randomId();
    return ask({
      method: "GET",
      target,
      headers,
      body: null,
      client: "",
      requestId,
      patienceMs: PATIENCE_MS,
    });
  }
}
