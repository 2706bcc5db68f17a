/** When the event time of a partition goes on by the clock. */
export type ClockRules = {
  /** A partition that is read to its end and gets no record for this long counts as idle. */
  readonly idleMs: number;
  /** By how much event time may fall behind the clock in a partition that is not idle; without a limit when not given. */
  readonly maxStallMs?: number;
  /** For records that are told by the time of their arrival: what the clock shows, in ms since 1970, at a moment of the monotonic one. */
  readonly wallMs?: (nowMs: number) => number;
};

/** What the clock says of one partition's event time. All moments of the clock are ms of the same monotonic clock. */
export type PartitionClock = {
  /** Records were taken. @param atEnd whether there were no more to read behind them @param isTold whether somebody tells how far event time comes */
  took(nowMs: number, watermark: number, atEnd: boolean, isTold?: boolean): void;
  /** Whether the partition is read to its end, has got nothing for as long as that takes, and nobody tells how far event time comes. */
  isIdle(nowMs: number): boolean;
  /** How far event time has come by the clock alone; -Infinity when that is for the records to say. */
  reached(nowMs: number): number;
};

/**
 * Event time is told by records. But a partition without them, or with such as lie far back, must not keep results waiting for ever, so while it
 * is read to its end two rules hold:
 *
 * - *Idle:* without a record for `idleMs`, event time is where the last one left it, plus the clock's time since then.
 *   Where time is that of arrival it is the clock's, less `idleMs`.
 * - *Stall:* event time lies at most `maxStallMs` behind where it would be had it gone on by the clock since the moment when it was least behind:
 *   when it stood furthest ahead of the clock. So neither records that bring it forward too slowly nor none at all can hold it.
 *
 * A partition with records still to be read goes by these alone, however long they take. Whoever takes a partition over counts anew. Where those who
 * feed it tell how far event time comes, it is not idle as long as one of them is awake: by its own clock it could close what they are about to bring.
 */
export function createPartitionClock(
  rules: ClockRules,
  nowMs: number,
  watermark: number,
  isToldAtFirst = false,
  isAtEndAtFirst = true,
): PartitionClock {
  const { idleMs, maxStallMs, wallMs } = rules;
  let last = { nowMs, watermark };
  /** The moment when event time was least behind the clock. */
  let ahead = last;
  // Until a batch says otherwise: a partition without one has nothing to read.
  let isAtEnd = isAtEndAtFirst;
  let isTold = isToldAtFirst;

  const isIdle = (now: number) => isAtEnd && !isTold && now - last.nowMs >= idleMs;

  return {
    isIdle,
    took(now, so, atEnd, told = false) {
      last = { nowMs: now, watermark: so };
      if (!isAtEnd || !atEnd || so - now >= ahead.watermark - ahead.nowMs) ahead = last;
      isAtEnd = atEnd;
      isTold = told;
    },
    reached(now) {
      if (!isAtEnd) return Number.NEGATIVE_INFINITY;
      // A record that is on its way may carry a time that is a little back.
      const byClock = () => (wallMs === undefined ? last.watermark + (now - last.nowMs) : wallMs(now) - idleMs);
      const idle = isIdle(now) ? byClock() : Number.NEGATIVE_INFINITY;
      const stalled =
        maxStallMs === undefined ? Number.NEGATIVE_INFINITY : ahead.watermark + (now - ahead.nowMs) - maxStallMs;
      // The clock has fractions of a millisecond, event time has not.
      return Math.floor(Math.max(idle, stalled));
    },
  };
}
