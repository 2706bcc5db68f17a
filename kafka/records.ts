import type { RawHeaders } from "./record-format.ts";

/**
 * A record as it is read: bytes and headers, nothing decoded. Name the fields that you copy: a spread leaves the computed ones out.
 * `offset` is decimal text, as Kafka's 64 bits do not fit a number.
 */
export type KafkaRecord = {
  readonly offset: string;
  /** Milliseconds since 1970 as decimal text: the time of arrival at the broker's producer, never the event's own. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Decoded anew at each access: ask once and keep the object for as long as it is needed, not longer. */
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  /** The same, to be handed on as they are; absent in records that did not come from a topic. */
  readonly rawHeaders?: RawHeaders;
};

/** Records of one partition in offset order. Offsets may have gaps (compaction, control records); a gap is no loss. */
export type RecordBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** Offset of the first record fetched. */
  readonly firstOffset: bigint;
  /** Where reading goes on after this batch: behind the last record fetched, visible or not. */
  readonly nextOffset: bigint;
  /** One behind the newest record of the partition when this batch was fetched. */
  readonly highWatermark: bigint;
};

/** A record to be written. Without `partition` the key decides (Java-compatible murmur2); without a key, round robin. */
export type OutgoingRecord = {
  readonly key: Buffer | string | null;
  /** null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string | Buffer>> | RawHeaders;
  readonly partition?: number;
};

/** The text of a header, or undefined when it is absent. */
export function headerText(record: Pick<KafkaRecord, "headers">, name: string): string | undefined {
  const value = record.headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : first.toString();
}
