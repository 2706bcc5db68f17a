import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createMetrics, type Logger } from "../runtime/index.ts";
import type { KafkaConnection } from "./connection.ts";
import { createConsumer } from "./consumer.ts";
import type { RecordBatch } from "./records.ts";
import { topicEnds, withAdmin } from "./topics.ts";

/** Offsets of one partition: from `from` up to, but without, `to`. */
export type OffsetRange = {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
};

type ReadParts = {
  readonly connection: KafkaConnection;
  readonly log: Logger;
  onBatch(batch: RecordBatch): Promise<void>;
};

const pollMs = 20;
/** How the groups of single readings begin. */
export const rangeGroupPrefix = "hailstream-range-";

/** Producers' clocks and their retries put records of a partition out of order by no more than this. */
const disorderMs = 60_000;

/**
 * Where in a topic lies what arrived between two moments, with what else lies there: a record's own time decides. @param range ms since 1970
 * @throws PipelineError kafka_topic_missing
 */
export async function offsetsBetween(
  connection: KafkaConnection,
  topic: string,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly OffsetRange[]> {
  const ends = await topicEnds(connection, topic);
  const firstAt = (ms: number) =>
    withAdmin(connection, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, ms)));
  const [begins, stops] = [await firstAt(range.fromMs - disorderMs), await firstAt(range.toMs + disorderMs)];
  return ends.map(({ partition, high }): OffsetRange => {
    const offsetIn = (found: typeof begins) => {
      const offset = BigInt(found.find((each) => each.partition === partition)?.offset ?? -1);
      // Nothing is so young.
      return offset < 0n ? high : offset;
    };
    return { topic, partition, from: offsetIn(begins), to: offsetIn(stops) };
  });
}

/**
 * Reads what arrived in topics between two moments, in the order of each partition, and is done when all that was there when it began is read.
 * @param range ms since 1970, by the time of arrival
 */
export async function readRange(
  parts: ReadParts & {
    readonly topics: readonly string[];
    readonly range: { readonly fromMs: number; readonly toMs: number };
  },
): Promise<void> {
  const { connection, topics, range } = parts;
  const ranges = topics.map(async (topic) => {
    // First, for it says so where there is no such topic.
    const ends = await topicEnds(connection, topic);
    const begins = await withAdmin(connection, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, range.fromMs));
    return ends.map(({ partition, high }): OffsetRange => {
      const found = BigInt(begins.find((each) => each.partition === partition)?.offset ?? -1);
      // Nothing is so young.
      return { topic, partition, from: found < 0n ? high : found, to: high };
    });
  });
  await readOffsets({
    ...parts,
    ranges: (await Promise.all(ranges)).flat(),
    onBatch: (batch) =>
      parts.onBatch({
        ...batch,
        records: batch.records.filter(({ timestamp }) => Number(timestamp) <= range.toMs),
      }),
  });
}

/**
 * Reads ranges of offsets once, in the order of each partition, beside all consumers; its consumer group is made for this call and deleted behind it. What
 * retention has taken away is left out, and what is not there yet is not waited for. @throws when Kafka cannot be read
 */
export async function readOffsets(parts: ReadParts & { readonly ranges: readonly OffsetRange[] }): Promise<void> {
  const { connection } = parts;
  const topics = [...new Set(parts.ranges.filter(({ from, to }) => from < to).map(({ topic }) => topic))];
  /** By topic and partition: where to end, and how far it has come. */
  const places = new Map<string, { readonly to: bigint; at: bigint }>();
  for (const topic of topics) {
    const ends = await topicEnds(connection, topic);
    for (const range of parts.ranges.filter((each) => each.topic === topic)) {
      const end = ends.find(({ partition }) => partition === range.partition);
      if (end === undefined) continue;
      const { low, high } = end;
      const place = { at: range.from, to: range.to };
      if (place.at < low) place.at = low;
      if (place.to > high) place.to = high;
      if (place.at < place.to) places.set(`${topic}/${range.partition}`, place);
    }
  }
  if (places.size === 0) return;
  const groupId = `${rangeGroupPrefix}${randomUUID()}`;
  let failure: unknown;
  const consumer = createConsumer({
    ...{ name: "range", connection, groupId, topics, log: parts.log, maxWaitMs: 50 },
    // The group is gone in a moment, and its name would stay in the metrics for ever.
    metrics: createMetrics(),
    async onBatch(batch, control) {
      const place = places.get(`${batch.topic}/${batch.partition}`);
      if (place === undefined || place.at >= place.to) return control.rest(60_000);
      if (batch.firstOffset < place.at && batch.nextOffset <= place.at) return control.seek(place.at);
      const records = batch.records.filter(({ offset }) => BigInt(offset) >= place.at && BigInt(offset) < place.to);
      await parts.onBatch({ ...batch, records });
      place.at = batch.nextOffset;
    },
  });
  try {
    await consumer.start((cause) => {
      failure = cause;
    });
    while ([...places.values()].some(({ at, to }) => at < to)) {
      if (failure !== undefined) throw failure;
      await delay(pollMs);
    }
  } finally {
    await consumer.stop();
    // Where that fails, the broker forgets an empty group by itself.
    await withAdmin(connection, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}
