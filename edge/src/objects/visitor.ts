/** One address: how many registrations it made, exactly, and what was refused to it, told in one line for many. */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env";
import { count, HOUR, type Limits } from "../pure/window";
import type { Refusal } from "./refusals";

/** Refusals of one address are told together, after this time. */
const TELL_AFTER_MS = 5_000;

interface State {
  times: number[];
  refused: Refusal[];
}

export class Visitor extends DurableObject<Env> {
  private state: State = { times: [], refused: [] };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      this.state = (await ctx.storage.get<State>("state")) ?? this.state;
    });
  }

  /** Counts one registration. Null: it may go on; else the seconds until the next one may. */
  async register(limits: Limits): Promise<number | null> {
    const { times, retryAfter } = count(this.state.times, Date.now(), limits);
    if (retryAfter === null) {
      this.state.times = times;
      await this.ctx.storage.put("state", this.state);
      await this.wakeIn(HOUR);
    }
    return retryAfter;
  }

  /** Something was refused to this address. */
  async refused(refusal: Refusal): Promise<void> {
    const { refused } = this.state;
    const same = refused.find(
      (one) => one.reason === refusal.reason && one.mobile_number === refusal.mobile_number,
    );
    const last = refused[refused.length - 1];
    if (same !== undefined) {
      same.count += 1;
    } else if (refused.length < 20 || last === undefined) {
      refused.push(refusal);
    } else {
      // Somebody who tries one number after the other: some of them, and how many.
      last.count += 1;
    }
    // What a flood costs is bounded: only the first of five seconds is written.
    if (refused.length === 1 && refused[0]?.count === 1) {
      await this.ctx.storage.put("state", this.state);
    }
    await this.wakeIn(TELL_AFTER_MS);
  }

  override async alarm(): Promise<void> {
    const { refused } = this.state;
    if (refused.length > 0) {
      await this.env.REFUSALS.getByName("all").add(refused);
      this.state.refused = [];
    }
    this.state.times = this.state.times.filter((at) => at > Date.now() - HOUR);
    if (this.state.times.length === 0) {
      // Nothing is left to be known of this address.
      await this.ctx.storage.deleteAll();
      return;
    }
    await this.ctx.storage.put("state", this.state);
    await this.wakeIn(HOUR);
  }

  private async wakeIn(ms: number): Promise<void> {
    const before = await this.ctx.storage.getAlarm();
    const at = Date.now() + ms;
    if (before === null || before > at) {
      await this.ctx.storage.setAlarm(at);
    }
  }
}
