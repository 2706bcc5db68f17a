import type { Producer as KafkaJsProducer, Message, RecordMetadata } from "kafkajs";
import {
  createService,
  type Logger,
  type Metrics,
  messageOf,
  PipelineError,
  type Service,
  secondsBuckets,
} from "../runtime/index.ts";
import { type KafkaConnection, outageRetry } from "./connection.ts";
import { createPartitioner } from "./partitioner.ts";
import type { OutgoingRecord } from "./records.ts";
import { createSendQueue, type SendPart } from "./send-queue.ts";

export type Producer = Service & {
  /**
   * Resolves when every record is acknowledged by all in-sync replicas. Concurrent calls share requests; records of one
   * partition are written in the order of the calls. When it rejects with kafka_produce_failed the records may still have
   * been written, or be written a little later: send the same ids again, they are recognised.
   * @throws PipelineError kafka_produce_failed, kafka_produce_buffer_full, kafka_record_too_large
   */
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  /** Bytes that wait for their acknowledgement, sent or not. */
  readonly bufferedBytes: number;
  /** Whether a connection stands and acknowledgements come. */
  readonly connected: boolean;
};

export type ProducerParts = {
  readonly name: string;
  readonly connection: KafkaConnection;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** `send` refuses above this; default 64 MiB. */
  readonly maxBufferedBytes?: number;
  /** How long a call may wait for its acknowledgement; default 30 s. */
  readonly deliveryTimeoutMs?: number;
  /**
   * The least time between two requests; default 0. A few milliseconds let the calls of many clients share a request, whose cost for
   * both sides hardly depends on its size. A call after a pause is sent at once.
   */
  readonly lingerMs?: number;
  /**
   * Hears, for each partition that an acknowledged request went to, where Kafka has its records: the first at `baseOffset`, the others behind it in order.
   * Must not throw.
   */
  onAcknowledged?(written: Acknowledged): void;
  /** false: `start` resolves at once and the connection is made, and made again, behind it. Default true. */
  readonly waitForConnection?: boolean;
};

/** Records of one partition that Kafka has on all in-sync replicas. */
export type Acknowledged = {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: bigint;
  readonly records: readonly OutgoingRecord[];
};

/** One request carries at most this; Kafka's default limit for a batch of one partition is 1 MiB. */
const maxRequestBytes = 900_000;
/** Bounds the time that encoding one request keeps the event loop. */
const maxRequestRecords = 4_000;
const reconnectDelayMs = 500;
const stopTimeoutMs = 5_000;

/**
 * An idempotent producer (acks=all) with one request under way. While it is under way further calls collect and share the
 * next one, so that batches grow with the load and an idle producer does not wait.
 *
 * A failed kafkajs producer is thrown away: it hands out the sequence numbers of the failed records again, and the broker
 * would take other records of the same count under these numbers for a repetition and drop them.
 */
export function createProducer(parts: ProducerParts): Producer {
  const { connection, log } = parts;
  const seconds = parts.metrics.histogram(
    "hailstream_kafka_produce_seconds",
    "Time from a produce request to its acknowledgement.",
    secondsBuckets,
    ["producer"],
  );
  const failures = parts.metrics.counter(
    "hailstream_kafka_produce_failures_total",
    "Produce requests that failed for good.",
    ["producer"],
  );
  const queue = createSendQueue({
    maxBufferedBytes: parts.maxBufferedBytes ?? 64 * 1024 * 1024,
    maxRequestBytes,
    maxRequestRecords,
    deliveryTimeoutMs: parts.deliveryTimeoutMs ?? 30_000,
    lingerMs: parts.lingerMs ?? 0,
  });

  const labels = { producer: parts.name };
  parts.metrics.reading(
    "gauge",
    "hailstream_kafka_queue_bytes",
    "Bytes of records that wait for Kafka's acknowledgement, sent or not.",
    ["producer"],
    (add) => add(queue.bufferedBytes(), labels),
  );
  parts.metrics.reading(
    "largest",
    "hailstream_kafka_queue_age_seconds",
    "How long the oldest records wait for Kafka's acknowledgement; 0 when none do.",
    ["producer"],
    (add) => add(queue.oldestMs() / 1_000, labels),
  );

  let client: KafkaJsProducer | undefined;
  let stopped = false;
  let loop: Promise<void> | undefined;
  let expiry: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    while (!stopped) {
      const next = connection.kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: createPartitioner(),
        retry: outageRetry,
      });
      try {
        await next.connect();
        client = next;
        return;
      } catch (error) {
        log.warn({ producer: parts.name }, `cannot connect to Kafka, trying again: ${messageOf(error)}`);
        await next.disconnect().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs));
      }
    }
  }

  async function replaceClient(): Promise<void> {
    const broken = client;
    client = undefined;
    await broken?.disconnect().catch(() => undefined);
    await connect();
  }

  async function sendLoop(): Promise<void> {
    if (client === undefined) await connect();
    for (;;) {
      const request = await queue.next();
      if (request === undefined || client === undefined) return;
      const end = seconds.startTimer({ producer: parts.name });
      try {
        const topicMessages = topicMessagesOf(request);
        const places = await client.sendBatch({ acks: -1, topicMessages });
        queue.acknowledge(request);
        if (parts.onAcknowledged !== undefined)
          for (const written of acknowledgedOf(topicMessages, places)) parts.onAcknowledged(written);
      } catch (cause) {
        failures.inc({ producer: parts.name });
        log.warn({ producer: parts.name }, `Kafka did not take a request: ${messageOf(cause)}`);
        queue.fail(request, new PipelineError("kafka_produce_failed", { cause }));
        await replaceClient();
      } finally {
        end();
      }
    }
  }

  const service = createService({
    name: parts.name,
    async start(fail) {
      expiry = setInterval(() => queue.expire(), 100).unref();
      if (parts.waitForConnection ?? true) await connect();
      loop = sendLoop().catch(fail);
    },
    async stop() {
      stopped = true;
      queue.close();
      // An unreachable broker must not keep the process: what it has not acknowledged was never promised.
      const abandon = new Promise((resolve) => setTimeout(resolve, stopTimeoutMs).unref());
      await Promise.race([loop, abandon]);
      clearInterval(expiry);
      await client?.disconnect();
    },
  });
  return Object.defineProperties(service, {
    send: { value: queue.send },
    bufferedBytes: { get: () => queue.bufferedBytes() },
    connected: { get: () => client !== undefined && queue.oldestMs() < 5_000 },
  }) as Producer;
}

function topicMessagesOf(request: readonly SendPart[]): { topic: string; messages: Message[] }[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, records, from, to } of request) {
    const messages = topics.get(topic) ?? [];
    topics.set(topic, messages);
    // A copy of each record, since the partitioner writes its choice into it.
    for (let i = from; i < to; i++) messages.push({ ...records[i] } as Message);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

/** What was written where; the partitioner has written its choice into each message. */
function acknowledgedOf(
  sent: readonly { readonly topic: string; readonly messages: readonly Message[] }[],
  places: readonly RecordMetadata[],
): readonly Acknowledged[] {
  return sent.flatMap(({ topic, messages }) =>
    [...Map.groupBy(messages, ({ partition }) => partition ?? 0)].flatMap(([partition, records]) => {
      const place = places.find((each) => each.topicName === topic && each.partition === partition);
      if (place?.baseOffset === undefined) return [];
      return [{ topic, partition, baseOffset: BigInt(place.baseOffset), records: records as OutgoingRecord[] }];
    }),
  );
}
