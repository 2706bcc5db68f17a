import type { KafkaRecord, OutgoingRecord } from "../../kafka/index.ts";
import { type BatchOutcome, type Flow, processBatch } from "../../stream/index.ts";

/**
 * Runs flows in memory: the very objects that run in production, without Kafka. Each source has one partition per number
 * used; offsets count from 0 as a broker's would.
 */
export function createTopologyDriver(flows: readonly Flow[]) {
  const offsets = new Map<string, number>();
  const outputs = new Map<string, OutgoingRecord[]>();

  return {
    /** Gives records to every flow that reads the topic, as one batch, and says what came of them. */
    async pipe(topic: string, records: readonly OutgoingRecord[], partition = 0): Promise<BatchOutcome[]> {
      const place = `${topic}/${partition}`;
      const first = offsets.get(place) ?? 0;
      offsets.set(place, first + records.length);
      const batch = { topic, partition, records: records.map((record, i) => asRead(record, first + i)) };
      const outcomes: BatchOutcome[] = [];
      for (const flow of flows.filter((one) => one.source === topic)) {
        const outcome = await processBatch(flow, batch);
        for (const [to, sent] of outcome.sends) outputs.set(to, [...(outputs.get(to) ?? []), ...sent]);
        outcomes.push(outcome);
      }
      return outcomes;
    },

    /** Everything that went to a topic so far, in order. */
    output: (topic: string): readonly OutgoingRecord[] => outputs.get(topic) ?? [],
  };
}

/** A record as a consumer gives it: keys and headers are bytes. */
export function asRead(record: OutgoingRecord, offset: number): KafkaRecord {
  const bytes = (value: string | Buffer) => (typeof value === "string" ? Buffer.from(value) : value);
  return {
    offset: String(offset),
    timestamp: "0",
    key: record.key === null ? null : bytes(record.key),
    value: record.value,
    headers: Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, value]) => [name, bytes(value)])),
  };
}
