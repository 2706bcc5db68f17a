import type { OutgoingRecord } from "../../kafka/index.ts";
import { type Logger, messageOf } from "../../runtime/index.ts";
import type { SpoolBatch } from "./cursor.ts";
import type { SpoolLog } from "./spool-log.ts";

/** Resolves when Kafka has acknowledged the records. */
export type Send = (topic: string, records: readonly OutgoingRecord[]) => Promise<void>;

export type DrainParts = {
  readonly send: Send;
  readonly log: Logger;
  /** Hears how many events Kafka has acknowledged. */
  onDrained(events: number): void;
  /** When the oldest event was written that Kafka does not have; undefined when there is none. */
  onOldest(time: number | undefined): void;
  /** Kafka takes the events, and little is left: new ones should wait a moment instead of joining the spool. */
  onNearEnd?(): void;
  /** Kafka has everything, in this moment. */
  onEnd?(): void;
  /** Kafka did not take a batch. */
  onFailure?(): void;
};

/** Less than Kafka takes in one request, so that a batch is mostly one request. */
const limits = { maxBytes: 800_000, maxEvents: 2_000 };
/** Between two tries; a try itself waits as long as the producer does. */
const retryDelayMs = 250;

/**
 * Sends what the spool holds, oldest first, one batch after the other: a batch leaves the disk when all of it is acknowledged, and
 * whatever failed of it is sent again before anything behind it. Resolves when `isOver` says so; what is being sent then may be sent again
 * by the next process.
 * @param isOver asked between batches, with whether all of the spool was sent.
 */
export async function drain(spool: SpoolLog, parts: DrainParts, isOver: (isEmpty: boolean) => boolean): Promise<void> {
  let isKafkaThere = false;
  for (;;) {
    if (isOver(spool.isReadToEnd)) return;
    const batch = await nextBatch();
    if (batch === undefined) {
      if (isKafkaThere && spool.isReadToEnd) parts.onEnd?.();
      parts.onOldest(undefined);
      if (isOver(spool.isReadToEnd)) return;
      await spool.whenReadable();
      continue;
    }
    parts.onOldest(batch.oldest);
    if (isKafkaThere && !spool.hasMore) parts.onNearEnd?.();
    for (let left = await sendAll(batch.topics, parts); left.size > 0; left = await sendAll(left, parts)) {
      isKafkaThere = false;
      parts.onFailure?.();
      if (isOver(false)) return;
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
    }
    isKafkaThere = true;
    parts.onDrained(batch.events);
    if (spool.isReadToEnd) parts.onEnd?.();
    await spool.release(batch);
  }

  async function nextBatch(): Promise<SpoolBatch | undefined> {
    for (;;) {
      try {
        return await spool.read(limits);
      } catch (error) {
        parts.log.error({ err: error }, `the spool cannot be read, trying again: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
        if (isOver(false)) return undefined;
      }
    }
  }
}

/** Gives the topics that Kafka did not take. Topics do not wait for each other: what has an order is in one topic. */
async function sendAll(topics: SpoolBatch["topics"], { send }: DrainParts): Promise<SpoolBatch["topics"]> {
  const left = new Map(topics);
  await Promise.all(
    [...topics].map(([topic, records]) =>
      send(topic, records).then(
        () => left.delete(topic),
        () => undefined,
      ),
    ),
  );
  return left;
}
