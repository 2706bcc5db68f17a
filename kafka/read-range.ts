import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger, Metrics } from "../runtime/index.ts";
import type { KafkaConnection } from "./connection.ts";
import { createConsumer } from "./consumer.ts";
import type { RecordBatch } from "./records.ts";
import { topicEnds, withAdmin } from "./topics.ts";

const pollMs = 20;

/**
 * Reads what arrived in topics between two moments, in the order of each partition, and is done when all that was there when it began is read.
 * @param range ms since 1970, by the time of arrival
 */
export async function readRange(parts: {
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly metrics: Metrics;
  readonly log: Logger;
  onBatch(batch: RecordBatch): Promise<void>;
}): Promise<void> {
  const { connection, topics, range } = parts;
  /** By topic and partition: where to begin, where to end, and how far it has come. */
  const places = new Map<string, { readonly from: bigint; readonly to: bigint; at: bigint }>();
  for (const topic of topics) {
    const [ends, begins] = await Promise.all([
      topicEnds(connection, topic),
      withAdmin(connection, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, range.fromMs)),
    ]);
    for (const { partition, low, high } of ends) {
      const found = begins.find((each) => each.partition === partition)?.offset ?? "-1";
      // Nothing is so young.
      const from = BigInt(found) < 0n ? high : BigInt(found) > low ? BigInt(found) : low;
      if (from < high) places.set(`${topic}/${partition}`, { from, to: high, at: from });
    }
  }
  const groupId = `hailstream-range-${randomUUID()}`;
  let failure: unknown;
  const consumer = createConsumer({
    ...{ name: "range", connection, groupId, topics, metrics: parts.metrics, log: parts.log, maxWaitMs: 50 },
    async onBatch(batch, control) {
      const place = places.get(`${batch.topic}/${batch.partition}`);
      if (place === undefined || place.at >= place.to) return control.rest(60_000);
      if (batch.firstOffset < place.at && batch.nextOffset <= place.at) return control.seek(place.at);
      const records = batch.records.filter(
        ({ offset, timestamp }) => BigInt(offset) >= place.at && Number(timestamp) <= range.toMs,
      );
      await parts.onBatch({ ...batch, records });
      place.at = batch.nextOffset;
    },
  });
  if (places.size === 0) return;
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
