import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createIngest, hashApiKey, ingestOptions } from "../../ingest/index.ts";
import {
  connectKafka,
  createConsumer,
  createProducer,
  ensureTopics,
  headerText,
  type KafkaConnection,
  type KafkaRecord,
  kafkaOptions,
  topicEnds,
} from "../../kafka/index.ts";
import { composeServices, createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../schemas/index.ts";
import { eventually } from "../support/wait.ts";

const log = silentLogger;

/** Where the stack of a test listens. */
export type Addresses = { readonly kafka: string; readonly registry: string };

export function connectTo(kafka: string): KafkaConnection {
  return connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": kafka } }), log, "ingest-test");
}

/** A front door in this process, on a free port, with a key of its own. `flags` are options without their dashes. */
export async function openDoor(addresses: Addresses, flags: Readonly<Record<string, string>> = {}) {
  const dir = await mkdtemp(join(tmpdir(), "hailstream-ingest-"));
  const key = `hsk_${randomBytes(16).toString("hex")}`;
  const keysFile = join(dir, "keys.json");
  await writeFile(keysFile, JSON.stringify([{ name: "test", sha256: hashApiKey(key) }]));
  const options = readOptions(ingestOptions, {
    // The test has the same event loop, and is not what the door shall measure.
    flags: { "ingest-port": "0", "ingest-api-keys-file": keysFile, "ingest-max-loop-delay-ms": "0", ...flags },
  });
  const connection = connectTo(addresses.kafka);
  await ensureTopics(connection);
  const metrics = createMetrics();
  const registryFlags = { "registry-url": addresses.registry, "registry-cache-dir": join(dir, "schemas") };
  const schemas = createSchemas({ options: readOptions(schemaOptions, { flags: registryFlags }), log, metrics });
  const deliveryTimeoutMs = options.produceTimeoutMs;
  const producer = createProducer({ name: "ingest", connection, metrics, log, deliveryTimeoutMs });
  const ingest = createIngest({ options, schemas, producer, metrics, log });
  const service = composeServices("door", [schemas, producer, ingest]);
  await service.start(() => undefined);

  return {
    url: ingest.url,
    key,
    schemas,
    connection,
    /** Posts a body; an object is sent as JSON. */
    async post(body: unknown, headers: Readonly<Record<string, string | undefined>> = {}) {
      const all = { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers };
      const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
      const response = await fetch(`${ingest.url}/v1/events`, {
        method: "POST",
        headers: given,
        body: text as string,
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as AnswerBody };
    },
    async close() {
      await service.stop();
      await rm(dir, { recursive: true });
    },
  };
}

export type Door = Awaited<ReturnType<typeof openDoor>>;

export type AnswerBody = {
  readonly accepted?: number;
  readonly rejected?: number;
  readonly retry?: number;
  readonly code?: string;
  readonly docs?: string;
  readonly results: readonly {
    readonly index: number;
    readonly id?: string;
    readonly status: string;
    readonly code?: string;
    readonly pointer?: string;
    readonly schema_id?: number;
    readonly retry_after_ms?: number;
  }[];
};

/**
 * All records of the topics whose event id begins with `prefix`, once `count` of them are there and a while longer has brought
 * no more: a duplicate would be among them.
 */
export async function recordsOf(
  connection: KafkaConnection,
  topics: readonly string[],
  prefix: string,
  count: number,
  timeoutMs = 60_000,
): Promise<KafkaRecord[]> {
  const found: KafkaRecord[] = [];
  const reached = new Map<string, bigint>();
  const consumer = createConsumer({
    name: "reader",
    connection,
    groupId: `ingest-test-${randomUUID()}`,
    topics,
    metrics: createMetrics(),
    log,
    maxWaitMs: 50,
    async onBatch(batch) {
      for (const record of batch.records) if (headerText(record, "ce_id")?.startsWith(prefix)) found.push(record);
      reached.set(`${batch.topic}/${batch.partition}`, batch.nextOffset);
    },
  });
  await new Promise<void>((resolve, reject) => {
    consumer.start(reject).then(resolve, reject);
  });
  try {
    await eventually(() => found.length >= count, { timeoutMs });
    await eventually(
      async () => {
        for (const topic of topics) {
          for (const { partition, low, high } of await topicEnds(connection, topic)) {
            if (high > low && (reached.get(`${topic}/${partition}`) ?? 0n) < high) return false;
          }
        }
        return true;
      },
      { timeoutMs, everyMs: 200 },
    );
    return found;
  } finally {
    await consumer.stop();
  }
}

/** The ids of records, sorted. */
export function idsOf(records: readonly KafkaRecord[]): string[] {
  return records.map((record) => headerText(record, "ce_id") ?? "").sort();
}
