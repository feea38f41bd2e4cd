/** How many registrations an address may make: decided from the times of those that it made. */

export interface Limits {
  perMinute: number;
  perHour: number;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export interface Counted {
  /** The times that count from now on, oldest first. */
  times: number[];
  /** Seconds until the next one is allowed; null: this one is. */
  retryAfter: number | null;
}

/** Counts one more at that time, unless it is one too many. What is refused does not count: waiting always helps. */
export function count(before: readonly number[], now: number, limits: Limits): Counted {
  // A clock that went back must not lock anybody out.
  const times = before.filter((at) => at > now - HOUR && at <= now);
  const waits = [wait(times, now, limits.perMinute, MINUTE), wait(times, now, limits.perHour, HOUR)];
  const longest = Math.max(...waits);
  if (longest > 0) {
    return { times, retryAfter: Math.ceil(longest / 1000) };
  }
  return { times: [...times, now], retryAfter: null };
}

/** Milliseconds until one more fits into a window of that length. */
function wait(times: readonly number[], now: number, max: number, length: number): number {
  const inside = times.filter((at) => at > now - length);
  const mustLeave = inside[inside.length - max];
  return mustLeave === undefined ? 0 : mustLeave + length - now;
}
