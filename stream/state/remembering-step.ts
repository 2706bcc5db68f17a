/** The moment at which a step is asked: all it may know of time. */
export type Moment = {
  /**
   * How far the event time of the partition has come, in ms since 1970: no older event is waited for. It never goes back. -Infinity before
   * the first event.
   */
  readonly watermark: number;
  /** Whether the record that is handed in is older than that. False for a wake-up. */
  readonly late: boolean;
};

/** What a step makes of one key. */
export type Change<State, Out> = {
  /** The new memory of the key; undefined forgets it. */
  readonly state: State | undefined;
  /** When the watermark has come this far, `wake` is called; at once when it has already. Undefined: not before the next record. */
  readonly wakeMs?: number | undefined;
  readonly emit: readonly Out[];
  /** The record comes after everything it belongs to was told and forgotten: its bytes are kept in the topic of late events, and counted. */
  readonly tooLate?: boolean;
};

/**
 * A step that remembers something for each key. Pure, like every step: what it gives depends on its arguments alone, so that a batch that is
 * read again after a crash comes to the same. The state must survive JSON: no undefined inside, no Date, no Map.
 */
export type RememberingStep<In, State, Out> = {
  /** Whose memory a record changes. All records of a key lie in one partition. */
  readonly keyOf: (record: In) => string;
  /** The event's own time, in ms since 1970; -Infinity for a record that does not move time, which then is never late. */
  readonly timeOf: (record: In) => number;
  /** What a record does to the memory of its key. */
  readonly take: (state: State | undefined, record: In, moment: Moment) => Change<State, Out>;
  /** What the passing of time does to it. */
  readonly wake: (state: State, moment: Moment) => Change<State, Out>;
};

/** What is remembered of a key, and when it is looked at again. */
export type Memory<State> = { readonly state: State; readonly wakeMs: number | undefined };
