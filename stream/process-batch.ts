import type { KafkaRecord, OutgoingRecord, RecordBatch } from "../kafka/index.ts";
import { messageOf } from "../runtime/index.ts";
import { deadLetterOf, deadLetterTopic } from "./dead-letter.ts";
import type { Emitted, Flow, Origin } from "./flow.ts";
import { deadLetter, type Verdict } from "./step.ts";

/** A record that does not go on, for the counters. */
export type TurnedAway = {
  readonly step: string;
  readonly verdict: "drop" | "dead-letter";
  /** The reason of a drop, the code of a dead letter: few words, fit for a label. */
  readonly reason: string;
};

/** What a batch comes to: nothing is done yet. */
export type BatchOutcome = {
  /** In the order of the source, by topic; dead letters are among them under their own topic. */
  readonly sends: ReadonlyMap<string, readonly OutgoingRecord[]>;
  readonly turnedAway: readonly TurnedAway[];
};

type Collector = { readonly sends: Map<string, OutgoingRecord[]>; readonly turnedAway: TurnedAway[] };

/**
 * Takes every record of a batch through the flow, one after the other. Has no effect: the same batch and the same reference
 * data give the same outcome. A step that throws has a bug that a repetition would meet again, so the record becomes a dead
 * letter and those behind it go on.
 * @throws what the flow's reader throws: a retryable error when the schema registry is needed and cannot be reached.
 */
export async function processBatch(
  flow: Flow,
  batch: Pick<RecordBatch, "topic" | "partition" | "records">,
): Promise<BatchOutcome> {
  const collector: Collector = { sends: new Map(), turnedAway: [] };
  const origin: Origin = { topic: batch.topic, partition: batch.partition };
  for (const record of batch.records) {
    const read = flow.read(record, origin);
    // Awaiting each of a hundred thousand records a second would cost more than the steps.
    const verdict = read instanceof Promise ? await read : read;
    if (verdict.type === "forward") {
      for (const value of verdict.records) walk(flow, 0, value, record, origin, collector);
    } else turnAway(collector, record, origin, { flow: flow.name, step: flow.read.name }, verdict);
  }
  return collector;
}

function walk(flow: Flow, first: number, value: unknown, source: KafkaRecord, origin: Origin, out: Collector): void {
  let current = value;
  for (let i = first; i < flow.steps.length; i++) {
    const step = flow.steps[i] as Flow["steps"][number];
    let verdict: Verdict<unknown>;
    try {
      verdict = step(current);
    } catch (error) {
      verdict = deadLetter("stream_step_failed", messageOf(error));
    }
    if (verdict.type !== "forward") {
      turnAway(out, source, origin, { flow: flow.name, step: step.name }, verdict);
      return;
    }
    if (verdict.records.length !== 1) {
      for (const next of verdict.records) walk(flow, i + 1, next, source, origin, out);
      return;
    }
    current = verdict.records[0];
  }
  const emitted = current as Emitted;
  send(out, emitted.topic, emitted.record);
}

function turnAway(
  out: Collector,
  record: KafkaRecord,
  origin: Origin,
  where: { readonly flow: string; readonly step: string },
  verdict: Exclude<Verdict<never>, { type: "forward" }>,
): void {
  const reason = verdict.type === "drop" ? verdict.reason : verdict.code;
  out.turnedAway.push({ step: where.step, verdict: verdict.type, reason });
  if (verdict.type === "dead-letter") send(out, deadLetterTopic, deadLetterOf(record, origin, where, verdict));
}

function send(out: Collector, topic: string, record: OutgoingRecord): void {
  const records = out.sends.get(topic);
  if (records === undefined) out.sends.set(topic, [record]);
  else records.push(record);
}
