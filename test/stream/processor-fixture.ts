import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { createProducer, type OutgoingRecord } from "../../kafka/index.ts";
import { composeServices, createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import { createSchemas, envelopeHeaders, schemaOptions } from "../../schemas/index.ts";
import { createRememberingRunner, createStream, type RememberingFlow, streamOptions } from "../../stream/index.ts";
import { createTestDatabase } from "../sinks/pipeline.ts";
import { createFixture, type Found, sessionTimeoutMs } from "./fixture.ts";

export type ProcessorFixture = Awaited<ReturnType<typeof createProcessorFixture>>;

/** What is told of an event besides its type, time and data. */
export type EventDetails = {
  /** The next number when not given. */
  readonly id?: string;
  /** Its own time when not given. */
  readonly receivedAt?: number;
  readonly variant?: "base" | "enriched";
};

/**
 * What a test of processors with memory needs on the real stack: topics and a database of its own, the schemas as the registry has them, and the
 * processors as they run in production.
 * @param topics those that it needs; default all
 */
export async function createProcessorFixture(label: string, topics?: readonly string[]) {
  const cacheDir = mkdtempSync(join(tmpdir(), `hailstream-${label}-`));
  const fixture = await createFixture(inject("kafka"), topics);
  const db = await createTestDatabase(label);
  const common = { log: silentLogger, metrics: createMetrics() };
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": cacheDir };
  const schemas = createSchemas({ options: readOptions(schemaOptions, { flags }), ...common });
  await schemas.start(() => undefined);
  const names = { topicPrefix: fixture.prefix, groupPrefix: fixture.prefix };
  let sequence = 0;

  async function dataIn({ value }: Found): Promise<Readonly<Record<string, unknown>>> {
    const decoded = await schemas.decode(value ?? Buffer.alloc(0));
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.value;
  }

  return {
    ...fixture,
    ...{ cacheDir, db, schemas, names },

    /** A record of an event, as the app or the enriching processor would have written it. */
    event(type: string, timeMs: number, data: Record<string, unknown>, details: EventDetails = {}): OutgoingRecord {
      const { id = `e-${++sequence}`, receivedAt = timeMs, variant = "base" } = details;
      const envelope = { id, type, source: "/test", time: new Date(timeMs).toISOString(), receivedAt };
      const value = schemas.encode(type, data, variant);
      return { key: schemas.keyOf(type, data), value, headers: envelopeHeaders(envelope) };
    },

    /** The data of everything in a topic, by partition and offset, repetitions and all. */
    async dataOf(topic: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
      return Promise.all((await fixture.readAll(topic)).map(dataIn));
    },

    /** The same with what the envelope says, of one reading: what is written meanwhile stands between others. */
    async eventsOf(topic: string) {
      const records = await fixture.readAll(topic);
      return Promise.all(
        records.map(async (record) => ({
          ...{ id: String(record.headers.ce_id), time: String(record.headers.ce_time) },
          data: await dataIn(record),
        })),
      );
    },

    /** Flows as one process runs them. */
    runnerOf(...flows: readonly RememberingFlow[]): Service {
      const parts = { connection: fixture.connection, metrics: createMetrics(), log: silentLogger, ...names };
      const producer = createProducer({ name: "test", ...parts });
      const runners = flows.map((flow) =>
        createRememberingRunner({
          ...{ ...parts, producer, flow, db: db.sink, sessionTimeoutMs },
          ...{ idleMs: 1_000, maxCachedKeys: 100 },
        }),
      );
      return composeServices(label, [producer, ...runners]);
    },

    /** The whole service, with these of its flows. */
    streamOf(flows: readonly string[], more: Readonly<Record<string, string>> = {}, metrics = createMetrics()) {
      const own = { "stream-metrics-port": "0", "stream-group-prefix": fixture.prefix, "stream-flows": flows.join() };
      const patient = { "stream-session-timeout-ms": String(sessionTimeoutMs) };
      const options = readOptions(streamOptions, { flags: { ...own, ...patient, ...more } });
      const { connection, prefix: topicPrefix } = fixture;
      return createStream({ options, connection, schemas, db: db.sink, metrics, log: silentLogger, topicPrefix });
    },

    async stop(): Promise<void> {
      await schemas.stop();
      await fixture.stop();
      await db.drop();
      rmSync(cacheDir, { recursive: true, force: true });
    },
  };
}
