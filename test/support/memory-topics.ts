import { type KafkaRecord, type OutgoingRecord, partitionOf } from "../../kafka/index.ts";

/** Topics in memory: partitions, offsets from 0, and the order in which everything was written. */
export type MemoryTopics = {
  append(topic: string, record: OutgoingRecord, nowMs: number): void;
  /** Of one partition, from an offset on, at most `limit`. */
  read(topic: string, partition: number, from: number, limit: number): readonly KafkaRecord[];
  /** The offset behind the newest record. */
  end(topic: string, partition: number): number;
  /** The partitions that there are, also those without a record. */
  partitions(topic: string): readonly number[];
  /** Every record of a topic in the order of writing, whatever its partition. */
  all(topic: string): readonly OutgoingRecord[];
};

/** @param count partitions of each topic; a record that names a higher one adds it. */
export function createMemoryTopics(count: number): MemoryTopics {
  const written = new Map<string, OutgoingRecord[]>();
  const logs = new Map<string, KafkaRecord[][]>();

  function logOf(topic: string, partition: number): KafkaRecord[] {
    const of = logs.get(topic) ?? Array.from({ length: count }, () => []);
    logs.set(topic, of);
    while (of.length <= partition) of.push([]);
    return of[partition] as KafkaRecord[];
  }

  return {
    append(topic, record, nowMs) {
      const partition = record.partition ?? (record.key === null ? 0 : partitionOf(record.key, count));
      const log = logOf(topic, partition);
      log.push(asRead(record, log.length, nowMs));
      const all = written.get(topic) ?? [];
      written.set(topic, all);
      all.push(record);
    },
    read: (topic, partition, from, limit) => logOf(topic, partition).slice(from, from + limit),
    end: (topic, partition) => logOf(topic, partition).length,
    partitions: (topic) => Array.from({ length: (logs.get(topic) ?? []).length || count }, (_, i) => i),
    all: (topic) => written.get(topic) ?? [],
  };
}

/** A record as a consumer gives it: keys and headers are bytes. */
export function asRead(record: OutgoingRecord, offset = 0, nowMs = 0): KafkaRecord {
  const bytes = (value: string | Buffer) => (typeof value === "string" ? Buffer.from(value) : value);
  return {
    offset: String(offset),
    timestamp: String(nowMs),
    key: record.key === null ? null : bytes(record.key),
    value: record.value,
    headers: Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, value]) => [name, bytes(value)])),
  };
}
