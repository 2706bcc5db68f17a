/** A record and when it arrived, ms since 1970; an offset below 0: there is none. */
export type ArrivalPoint = { readonly offset: bigint; readonly time: number };

/** When the record at `next` arrived, or the first behind it that is still there: ms since 1970. */
type Arrival = {
  readonly next: bigint;
  /** Not before this; undefined: not known. */
  readonly since: number | undefined;
  /** Before this. */
  readonly before: number;
};

/** What was learned of the arrival of records, by partition. It stays true as time goes by, so a place that does not move need not be asked for twice. */
export type KnownAges = Map<string, readonly Arrival[]>;

export const createKnownAges = (): KnownAges => new Map();

/**
 * Between which records and moments the record at `next` arrived, as far as earlier answers tell: records lie in the order of their arrival.
 * @param end of the partition, and now
 */
export function boundsOf(
  arrivals: readonly Arrival[],
  next: bigint,
  end: ArrivalPoint,
): { readonly since: ArrivalPoint | undefined; readonly before: ArrivalPoint } {
  let since: ArrivalPoint | undefined;
  let before = end;
  for (const arrival of arrivals) {
    if (arrival.next >= next && arrival.before < before.time) before = { offset: arrival.next, time: arrival.before };
    if (arrival.next <= next && arrival.since !== undefined && arrival.since > (since?.time ?? -1)) {
      since = { offset: arrival.next, time: arrival.since };
    }
  }
  return { since, before: since !== undefined && since.time > before.time ? { ...before, time: since.time } : before };
}
