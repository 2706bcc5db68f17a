import type { RememberingStep } from "./remembering-step.ts";

/** What {@link once} needs of a record. */
export type Identified = {
  readonly id: string;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
};

/**
 * Lets every event pass once, by its id. Repetitions must lie in the partition of the first, as they do when the topic is keyed by a field of the event.
 * @param keepMs how long an id is remembered, by event time; a repetition that comes later passes again.
 */
export function once<Event extends Identified>(keepMs: number): RememberingStep<Event, number, Event> {
  return {
    keyOf: ({ id }) => id,
    timeOf: ({ timeMs }) => timeMs,
    // The memory of an id is the moment when it is forgotten. An event that comes late is remembered as long as one in time.
    take: (known, event, { watermark }) => {
      const until = known ?? Math.max(event.timeMs, watermark) + keepMs;
      return { state: until, wakeMs: until, emit: known === undefined ? [event] : [] };
    },
    wake: () => ({ state: undefined, emit: [] }),
  };
}
