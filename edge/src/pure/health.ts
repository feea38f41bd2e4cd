/** Whether the bridge is up, decided from one look after the other. Not how one looks: that is objects/box.ts. */

export interface Watch {
  /** Looks that failed, one after the other. */
  failures: number;
  /** When the first of them failed. */
  failedSince: number | null;
}

export type Health = { up: true } | { up: false; since: number };

export const FRESH: Watch = { failures: 0, failedSince: null };

/** One look may fail by chance: two are dark. */
const DARK_AFTER = 2;
const SECOND_LOOK_MS = 1_000;
/** A bridge that is back is seen within this time. */
const LONGEST_MS = 20_000;

export function look(before: Watch, answered: boolean, now: number): Watch {
  if (answered) {
    return FRESH;
  }
  return { failures: before.failures + 1, failedSince: before.failedSince ?? now };
}

export function healthOf(watch: Watch): Health {
  if (watch.failures < DARK_AFTER || watch.failedSince === null) {
    return { up: true };
  }
  return { up: false, since: watch.failedSince };
}

/** When to look again: soon after the first failure, then less and less often. */
export function nextLookMs(watch: Watch, periodMs: number): number {
  if (watch.failures === 0) {
    return periodMs;
  }
  return Math.min(SECOND_LOOK_MS * 2 ** (watch.failures - 1), LONGEST_MS);
}
