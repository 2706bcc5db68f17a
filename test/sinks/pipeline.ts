import avro from "avsc";
import pg from "pg";
import { inject } from "vitest";
import { connectKafka, createProducer, ensureTopics, kafkaOptions, type OutgoingRecord } from "../../kafka/index.ts";
import {
  createMetrics,
  type Metrics,
  messageOf,
  readOptions,
  type Service,
  silentLogger,
} from "../../runtime/index.ts";
import {
  createEventSink,
  createSinkRunner,
  ensureEventTables,
  type SinkRunnerParts,
  type StoredType,
  storedTables,
} from "../../sinks/index.ts";
import { createDatabase, type Database, migrate, type Transaction } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";

/** A database of its own, made from nothing, with the owner's and the sink's connections. */
export type TestDatabase = {
  readonly owner: Database;
  readonly sink: Database;
  readonly ownerUrl: string;
  readonly sinkUrl: string;
  drop(): Promise<void>;
};

const onDatabase = (url: string, name: string) => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
};

export async function createTestDatabase(label: string): Promise<TestDatabase> {
  const name = `test_${label}_${process.pid}_${Date.now()}`;
  const admin = new pg.Client({ connectionString: inject("postgres") });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const ownerUrl = onDatabase(inject("postgres"), name);
  await migrate(ownerUrl, silentLogger);
  const open = (role: string, url: string) =>
    createDatabase({ name: role, url, log: silentLogger, metrics: createMetrics(), max: 8 });
  const owner = open("owner", ownerUrl);
  const sinkUrl = onDatabase(inject("postgresSink"), name);
  const sink = open("sink", sinkUrl);
  await owner.start(() => undefined);
  await sink.start(() => undefined);
  return {
    owner,
    sink,
    ownerUrl,
    sinkUrl,
    async drop() {
      await owner.stop();
      await sink.stop();
      // The server notices a little later that the connections are closed, and only a superuser may hurry it.
      await eventually(() => admin.query(`drop database ${name}`));
      await admin.end();
    },
  };
}

export const asAnalyst = (ownerUrl: string): string =>
  onDatabase(inject("postgresAnalyst"), new URL(ownerUrl).pathname.slice(1));

/** A type of events with a schema id of its own, for tests that play the registry's part themselves. */
export type TestType = StoredType & { readonly schemaId: number };

export const pingType = (fields: readonly object[] = [], schemaId = 1, topic = "pings"): TestType => ({
  name: "app.ping",
  doc: "A sign of life.",
  topic,
  keyField: "user",
  schemaId,
  schema: {
    type: "record",
    name: "Ping",
    fields: [{ name: "user", type: "string", doc: "Who." }, { name: "n", type: "long", doc: "Which." }, ...fields],
  },
});

export function framed(type: TestType, data: object): Buffer {
  const body = avro.Type.forSchema(type.schema as avro.Schema, { wrapUnions: false }).toBuffer(data);
  const header = Buffer.alloc(5);
  header.writeInt32BE(type.schemaId, 1);
  return Buffer.concat([header, body]);
}

export const day = "2015-01-31T12:00:00.000Z";

export function eventRecord(id: string, value: Buffer, time = day, key = id): OutgoingRecord {
  const headers = { ce_id: id, ce_type: "app.ping", ce_source: "/test", ce_time: time, received_at: "1422705600000" };
  return { key, value, headers };
}

export const connection = () =>
  connectKafka(readOptions(kafkaOptions, { env: { HAILSTREAM_KAFKA_BROKERS: inject("kafka") } }), silentLogger);

export async function createTopic(topic: string, partitions = 3): Promise<void> {
  await ensureTopics(connection(), [{ name: topic, partitions, cleanup: "delete", retentionMs: -1 }]);
}

export async function produce(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
  const producer = createProducer({
    name: "test",
    connection: connection(),
    metrics: createMetrics(),
    log: silentLogger,
  });
  await producer.start(() => undefined);
  for (let i = 0; i < records.length; i += 1_000) await producer.send(topic, records.slice(i, i + 1_000));
  await producer.stop();
}

export type TestSink = { readonly service: Service; readonly metrics: Metrics; readonly failures: unknown[] };

/** A sink that stores `types` and knows their schemas and those of `older` versions, started. */
export async function startSink(
  db: TestDatabase,
  types: readonly TestType[],
  groupId: string,
  { older = [], ...more }: Partial<SinkRunnerParts> & { readonly older?: readonly TestType[] } = {},
): Promise<TestSink> {
  const metrics = createMetrics();
  const tables = storedTables(types);
  await ensureEventTables(
    db.ownerUrl,
    tables.map((table) => table.definition),
    silentLogger,
  );
  const sink = createEventSink({
    db: db.sink,
    tables,
    async findWriter(schemaId) {
      const type = [...types, ...older].find((each) => each.schemaId === schemaId);
      return type === undefined ? undefined : { type: type.name, schema: type.schema };
    },
    log: silentLogger,
    metrics,
  });
  const failures: unknown[] = [];
  await sink.start(() => undefined);
  const service = createSinkRunner({
    name: "test sink",
    connection: connection(),
    db: db.sink,
    sink,
    groupId,
    topics: [...new Set(tables.map((table) => table.topic))],
    log: silentLogger,
    metrics,
    ...more,
  });
  await service.start((cause) => {
    failures.push(cause);
    process.stderr.write(`the sink failed: ${messageOf(cause)}\n`);
  });
  return { service, metrics, failures };
}

/** Lets a transaction stand still for as long as what it holds up may take; by itself the server ends one that does so for ten seconds. */
export async function mayStandStill(tx: Transaction): Promise<void> {
  await tx.execute("set local idle_in_transaction_session_timeout = 0");
}

/** How many records of the group are behind its checkpoints. */
export async function storedUpTo(db: TestDatabase, groupId: string): Promise<number> {
  const sql = "select coalesce(sum(next_offset), 0)::int as n from pipeline.checkpoints where consumer = $1";
  return (await db.owner.query<{ n: number }>(sql, [groupId]))[0]?.n ?? 0;
}

export async function count(db: TestDatabase, sql: string): Promise<number> {
  return (await db.owner.query<{ n: number }>(`select count(*)::int as n from ${sql}`))[0]?.n ?? 0;
}
