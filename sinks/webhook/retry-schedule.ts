/** When a delivery that failed is tried again: delays between the attempts, so there is one attempt more than delays. */
export type RetrySchedule = {
  readonly delaysMs: readonly number[];
  /** Up to this share of a delay is added at random, so that what failed together does not come back together. */
  readonly jitter: number;
};

/** A receiver cannot put a delivery off for longer than this. */
const longestRetryAfterMs = 24 * 60 * 60 * 1_000;

/**
 * Milliseconds until the next attempt after `attempts` of them have failed; undefined when there is none left. Never earlier than
 * the receiver asked for by Retry-After.
 */
export function delayAfter(
  schedule: RetrySchedule,
  attempts: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number | undefined {
  const delay = schedule.delaysMs[attempts - 1];
  if (delay === undefined) return undefined;
  const least = Math.max(delay, Math.min(retryAfterMs, longestRetryAfterMs));
  return Math.round(least * (1 + schedule.jitter * random()));
}

/** The wait that a Retry-After header asks for, in either of its forms (RFC 9110, 10.2.3); undefined when it cannot be read. */
export function retryAfterMsOf(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Date.parse takes much that is no HTTP date: "-1" is a year to it.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
