import type { LiveBatch, LiveEvent } from "./shapes.ts";

/** Up to so many events a second everything is shown. */
export const completePerSecond = 200;
/**
 * So many may come at once, as after a moment in which this process or Kafka stood still; and so many at most wait for a browser that takes nothing, which
 * bounds what is kept for it.
 */
export const maxBurst = 5 * completePerSecond;

/** The choice of what one browser is shown, with exact counts of what it is not. */
export type Share = {
  /** An event came by that does not fit. */
  pass(): void;
  /** An event fits: whether it shall be shown, and then `take` must follow. @param now milliseconds of a clock that never goes back */
  fits(now: number): boolean;
  take(event: LiveEvent): void;
  /** Gives what there is to tell since the last time, when there is something. `send` says whether it went out; else it is told later. */
  tell(send: (batch: LiveBatch) => boolean): void;
};

/**
 * Shows all while it is no more than {@link completePerSecond}, bursts included, and beyond that as many of them as come first: a bucket of tokens. When a
 * browser takes nothing, its queue fills, and the rest is counted and not kept.
 */
export function createShare(now: number): Share {
  let tokens = maxBurst;
  let filledAt = now;
  let pending: LiveEvent[] = [];
  /** Chosen, and on their way into the queue. */
  let promised = 0;
  let [seen, matched, shown] = [0, 0, 0];
  let told = 0;
  return {
    pass() {
      seen++;
    },
    fits(at) {
      seen++;
      matched++;
      tokens = Math.min(maxBurst, tokens + ((at - filledAt) * completePerSecond) / 1_000);
      filledAt = at;
      if (tokens < 1 || pending.length + promised >= maxBurst) return false;
      tokens--;
      promised++;
      return true;
    },
    take(event) {
      promised--;
      pending.push(event);
      shown++;
    },
    tell(send) {
      // What is promised is counted when it is there; else it would be told as not shown.
      const done = seen - promised;
      if (told === done) return;
      if (!send({ events: pending, seen: done, matched: matched - promised, shown })) return;
      told = done;
      pending = [];
    },
  };
}
