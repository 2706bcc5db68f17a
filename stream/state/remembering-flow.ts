import type { OutboxRecord } from "../../store/index.ts";
import type { Reader } from "../flow.ts";
import type { Step } from "../step.ts";
import type { RememberingStep } from "./remembering-step.ts";

/** One way through a processor with memory: a topic, steps that choose and shape, the step that remembers, the topics where it may end. */
export type RememberingFlow = {
  /** Its consumer group, its memory and its metrics carry this name; never renamed, or the memory is lost. */
  readonly name: string;
  readonly source: string;
  readonly read: Reader<unknown>;
  readonly step: RememberingStep<unknown, unknown, unknown>;
  /** How far events of a partition may lie out of order, in ms, without being late. */
  readonly latenessMs: number;
  /**
   * By how much time in a partition may fall behind the clock before it goes on by it, in ms; see {@link createPartitionClock}. Without it
   * only a partition that gets no records goes on by the clock.
   */
  readonly maxStallMs?: number;
  /**
   * Records are told by the time of their arrival, so that of a quiet partition is the clock's own, also after the process stood still: what was to
   * happen meanwhile happens then.
   */
  readonly byArrival?: boolean;
  /** Somebody waits for what comes out, so it runs where nothing heavy does: with the flows without memory. */
  readonly urgent?: boolean;
  /**
   * The flows that feed the source, when it is fed from several partitions: event time is then what they announce together, and `latenessMs` is
   * theirs. The reader must let announcements pass: {@link readAnnounced}.
   */
  readonly fedBy?: readonly string[];
  /**
   * The output whose readers are told how far event time has come here; each of its partitions is. What the step emits without a record must
   * be due within {@link restMs}: a quiet partition is not waited for longer.
   */
  readonly announcesTo?: string;
  /** Bytes and headers of what the step emits. */
  readonly write: (emitted: unknown) => OutboxRecord;
  readonly outputs: readonly string[];
};

/** Writes such a flow down with its types checked. */
export function rememberingFlow<In, State, Out>(parts: {
  readonly name: string;
  readonly source: string;
  readonly read: Reader<In>;
  readonly step: RememberingStep<In, State, Out>;
  readonly latenessMs: number;
  readonly maxStallMs?: number;
  readonly byArrival?: boolean;
  readonly urgent?: boolean;
  readonly fedBy?: readonly string[];
  readonly announcesTo?: string;
  readonly write: (emitted: Out) => OutboxRecord;
  readonly outputs: readonly string[];
}): RememberingFlow {
  return parts as unknown as RememberingFlow;
}

/** A reader and a step behind it as one reader: what the step drops or refuses never reaches the memory. */
export function readThrough<A, B>(read: Reader<A>, step: Step<A, B>): Reader<B> {
  const go = (verdict: Awaited<ReturnType<Reader<A>>>) => {
    if (verdict.type !== "forward") return verdict;
    const [record] = verdict.records;
    return record === undefined ? verdict : step(record);
  };
  const named: Reader<B> = (record, origin) => {
    const verdict = read(record, origin);
    return (verdict instanceof Promise ? verdict.then(go) : go(verdict)) as ReturnType<Reader<B>>;
  };
  return Object.defineProperty(named, "name", { value: step.name });
}
