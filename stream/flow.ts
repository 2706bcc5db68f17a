import type { KafkaRecord, OutgoingRecord } from "../kafka/index.ts";
import type { Step, Verdict } from "./step.ts";

/** Where a record was read. */
export type Origin = { readonly topic: string; readonly partition: number };

/**
 * Turns the bytes of a record into what the steps work on; bytes that cannot be read are a verdict. It may have to wait for
 * the schema registry, and throws only a retryable PipelineError when that cannot be reached.
 */
export type Reader<Out> = (record: KafkaRecord, origin: Origin) => Verdict<Out> | Promise<Verdict<Out>>;

/** A record on its way out, and the topic it goes to. */
export type Emitted = { readonly topic: string; readonly record: OutgoingRecord };

/** All headers of a record, to be handed on as they are; the same object, since copying them costs as much as a step. */
export function headersOf(record: KafkaRecord): NonNullable<OutgoingRecord["headers"]> {
  // Repeated headers are lists, which the encoder takes though the type of what we write ourselves does not name them.
  return (record.rawHeaders ?? record.headers) as NonNullable<OutgoingRecord["headers"]>;
}

/** One way through the processor: a topic, the steps on the way, the topics where it may end. Data only; the runner runs it. */
export type Flow = {
  /** Its consumer group and its metrics carry this name. */
  readonly name: string;
  readonly source: string;
  readonly read: Reader<unknown>;
  /** The last one gives {@link Emitted}. */
  readonly steps: readonly Step<unknown, unknown>[];
  readonly outputs: readonly string[];
};

/** A flow being written down; `through` checks that each step takes what the one before gives. */
export type FlowTo<T> = {
  through<Next>(step: Step<T, Next>): FlowTo<Next>;
  /** Ends the flow. @param write gives the bytes; its records go to one of `outputs`. */
  to(outputs: readonly string[], write: Step<T, Emitted>): Flow;
};

/** `flow("name").from(topic, read).through(step).through(step).to([topic], write)` */
export function flow(name: string): { from<T>(topic: string, read: Reader<T>): FlowTo<T> } {
  return { from: (source, read) => extend({ name, source, read, steps: [], outputs: [] }) };
}

function extend<T>(so: Flow): FlowTo<T> {
  // The chain of types is checked by FlowTo; behind it steps are kept without them, as one list.
  const add = (step: unknown) => [...so.steps, step as Step<unknown, unknown>];
  return {
    through: (step) => extend({ ...so, steps: add(step) }),
    to: (outputs, write) => ({ ...so, steps: add(write), outputs }),
  };
}
