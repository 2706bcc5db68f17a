import type { OutgoingRecord, Producer } from "../kafka/index.ts";
import { PipelineError } from "../runtime/index.ts";
import type { Verdict } from "./accept-event.ts";

/** The topics whose records were not acknowledged, with the reason; empty when every accepted event is stored. */
export type Unstored = ReadonlyMap<string, PipelineError>;

const nothing: Unstored = new Map();

/**
 * Writes the accepted events and waits until Kafka has acknowledged them, one promise a topic. Never rejects: what could not
 * be stored is the answer.
 */
export async function storeEvents(producer: Pick<Producer, "send">, verdicts: readonly Verdict[]): Promise<Unstored> {
  const first = verdicts[0];
  if (verdicts.length === 1) return first?.ok ? storeTopic(producer, first.type.topic, [first.record]) : nothing;
  const topics = byTopic(verdicts);
  if (topics.size === 0) return nothing;
  if (topics.size === 1) for (const [topic, records] of topics) return storeTopic(producer, topic, records);
  const results = await Promise.all([...topics].map(([topic, records]) => storeTopic(producer, topic, records)));
  return new Map(results.flatMap((result) => [...result]));
}

async function storeTopic(
  producer: Pick<Producer, "send">,
  topic: string,
  records: readonly OutgoingRecord[],
): Promise<Unstored> {
  try {
    await producer.send(topic, records);
    return nothing;
  } catch (cause) {
    const error = cause instanceof PipelineError ? cause : new PipelineError("kafka_produce_failed", { cause });
    return new Map([[topic, error]]);
  }
}

function byTopic(verdicts: readonly Verdict[]): Map<string, OutgoingRecord[]> {
  const topics = new Map<string, OutgoingRecord[]>();
  let topic: string | undefined;
  let records: OutgoingRecord[] = [];
  for (const verdict of verdicts) {
    if (!verdict.ok) continue;
    // Neighbours are mostly of one topic, so the map is asked only when it changes.
    if (verdict.type.topic !== topic) {
      topic = verdict.type.topic;
      records = topics.get(topic) ?? [];
      topics.set(topic, records);
    }
    records.push(verdict.record);
  }
  return topics;
}
