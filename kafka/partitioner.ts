import type { Message } from "kafkajs";

/**
 * The murmur2 hash of Kafka's Java client, so that a record with a key lands in the same partition whoever writes it.
 * Source: org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c. Returns a signed 32-bit number.
 */
export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995;
  const length = data.length;
  let h = 0x9747b28c ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = byte(data, i) | (byte(data, i + 1) << 8) | (byte(data, i + 2) << 16) | (byte(data, i + 3) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = length & 3;
  if (rest === 3) h ^= byte(data, whole + 2) << 16;
  if (rest >= 2) h ^= byte(data, whole + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ byte(data, whole), m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

const byte = (data: Uint8Array, at: number): number => data[at] as number;

/** The partition of a key among `partitions`, as the Java client's default partitioner chooses it. */
export function partitionOf(key: Buffer | string, partitions: number): number {
  return (murmur2(typeof key === "string" ? Buffer.from(key) : key) & 0x7fffffff) % partitions;
}

/**
 * Replaces kafkajs's partitioner, which does 64-bit arithmetic in objects. The choice is written into the message: a retry
 * must give the same partitions again, else the idempotent producer's sequence numbers would stand for other records.
 */
export function createPartitioner(): () => (args: {
  topic: string;
  partitionMetadata: readonly unknown[];
  message: Message;
}) => number {
  let next = 0;
  return () => (args) => {
    const { message } = args;
    if (typeof message.partition === "number") return message.partition;
    const count = args.partitionMetadata.length;
    message.partition =
      message.key === null || message.key === undefined
        ? next++ % count
        : partitionOf(message.key as Buffer | string, count);
    return message.partition;
  };
}
