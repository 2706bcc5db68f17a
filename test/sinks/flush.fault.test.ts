import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectKafka, createProducer, ensureTopics, kafkaOptions, type Producer } from "../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, envelopeHeaders, loadCatalogue, type Schemas, schemaOptions } from "../../schemas/index.ts";
import { prepareDatabase } from "../../sinks/index.ts";
import { createDatabase, type Database } from "../../store/index.ts";
import { type FlushPoint, flushPoints, type PostgresProxy, startPostgresProxy } from "../support/postgres-proxy.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { eventually } from "../support/wait.ts";

/**
 * A fault at each point of a flush: the sink is killed, the postmaster is killed, or the link is cut, while a transaction stands at that point. Both
 * modes of a table are under way; that of events has no key, so that nothing but the checkpoint stands between a record that is read twice and two rows.
 */
const topic = "driver-locations-enriched";
const eachCase = 300;
const drivers = 40;
const groups = { insert: "flush-insert", upsert: "flush-upsert" };
const copies = { insert: "events.", upsert: "stage_keyed" };

type Fault = "kill -9 of the sink" | "kill -9 of the postmaster" | "cut of the link";
type Case = { readonly fault: Fault; readonly point: FlushPoint; readonly mode: keyof typeof groups };

const few: readonly Case[] = [
  { fault: "cut of the link", point: "commit", mode: "insert" },
  { fault: "cut of the link", point: "committed", mode: "insert" },
  { fault: "cut of the link", point: "committed", mode: "upsert" },
  { fault: "kill -9 of the postmaster", point: "rows", mode: "insert" },
  { fault: "kill -9 of the postmaster", point: "committed", mode: "upsert" },
  { fault: "kill -9 of the sink", point: "committed", mode: "insert" },
];
const all = (["cut of the link", "kill -9 of the postmaster", "kill -9 of the sink"] as const).flatMap((fault) =>
  flushPoints.flatMap((point) =>
    (["insert", "upsert"] as const)
      .filter((mode) => mode === "upsert" || point !== "upsert")
      .map((mode): Case => ({ fault, point, mode })),
  ),
);
/** All of them by `npm run proof -- flush`. */
const cases = process.env.FLUSH_FAULTS === "all" ? all : few;
const manners = process.env.FLUSH_FAULTS === "all" ? [false, true] : [false];

let stack: TestStack;
let proxy: PostgresProxy;
let db: Database;
let schemas: Schemas;
let producer: Producer;
let sink: ChildProcess | undefined;
let sent = 0;
const dir = mkdtempSync(join(tmpdir(), "hailstream-flush-"));

beforeAll(async () => {
  stack = await startTestStack();
  proxy = await startPostgresProxy(stack.postgresSink);
  const options = readOptions(schemaOptions, { flags: { "registry-url": stack.registry, "registry-cache-dir": dir } });
  schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  db = createDatabase({ name: "test", url: stack.postgres, log: silentLogger, metrics: createMetrics() });
  producer = createProducer({ name: "test", connection: connection(), metrics: createMetrics(), log: silentLogger });
  await ensureTopics(connection());
  await prepareDatabase(stack.postgres, loadCatalogue(), silentLogger);
  await Promise.all([db, schemas, producer].map((service) => service.start(() => undefined)));
  await db.query("select pipeline.ensure_day_partition('driver_location', '2015-01-31')");
  await db.execute("alter table events.driver_location drop constraint driver_location_pkey");
  const connectors = {
    events: { topics: topic, "consumer.override.group.id": groups.insert },
    keyed: { topics: topic, "insert.mode": "upsert", "consumer.override.group.id": groups.upsert },
    quarantine: { topics: topic, initial_state: "STOPPED" },
    alerts: { topics: topic, initial_state: "STOPPED" },
  };
  for (const [name, keys] of Object.entries(connectors)) {
    const lines = Object.entries({ name, "connector.class": "PostgresSink", ...keys });
    writeFileSync(join(dir, `${name}.yaml`), lines.map(([key, value]) => `${key}: ${value}\n`).join(""));
  }
});

afterAll(async () => {
  sink?.kill("SIGKILL");
  await Promise.all([db, schemas, producer].map((service) => service?.stop()));
  await proxy?.stop();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

for (const synchronousCommit of manners) {
  test.each(cases)(
    `$fault at the point $point, mode $mode, synchronous commit ${synchronousCommit ? "on" : "off"}: counts and checksums are exact`,
    async ({ fault, point, mode }) => {
      sink ??= await startSink(synchronousCommit);
      const held = proxy.holdAt(point, copies[mode]);
      await send();
      const { cut } = await held;
      if (fault === "kill -9 of the sink") {
        const exited = once(sink, "exit");
        sink.kill("SIGKILL");
        await exited;
        cut();
        sink = await startSink(synchronousCommit);
      } else if (fault === "kill -9 of the postmaster") {
        const postmaster = stack.stack.children.find(({ name }) => name.toLowerCase().includes("postgres"))?.pid;
        if (postmaster === undefined) throw new Error("there is no embedded Postgres");
        process.kill(postmaster, "SIGKILL");
        cut();
      } else cut();
      await eventually(async () => expect(await progress()).toEqual({ insert: sent, upsert: sent }), {
        timeoutMs: 240_000,
        everyMs: 100,
      });
      expect(await stored()).toEqual(expected());
      expect(sink.exitCode).toBeNull();
    },
    600_000,
  );
  test(`the next manner of commit begins with a process of its own (${synchronousCommit ? "on" : "off"} is done)`, async () => {
    if (sink === undefined) throw new Error("no sink has run");
    const exited = once(sink, "exit");
    sink.kill("SIGTERM");
    await exited;
    expect(sink.exitCode).toBe(0);
    sink = undefined;
    expect(await db.query("select * from pipeline.dead_letters")).toEqual([]);
  });
}

const connection = () =>
  connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }), silentLogger, "test");

async function send(): Promise<void> {
  await producer.send(
    topic,
    Array.from({ length: eachCase }, (_, i) => record(sent + i)),
  );
  sent += eachCase;
}

function record(n: number) {
  const data = { driver_id: `drv_${n % drivers}`, latitude: 40.7, longitude: -73.9, trip_id: `trp_${n}` };
  const time = "2015-01-31T12:00:00.000Z";
  const envelope = { id: `event-${n}`, type: "driver.location", source: "/test", time, receivedAt: Date.now() };
  return { key: data.driver_id, value: schemas.encode("driver.location", data), headers: envelopeHeaders(envelope) };
}

/** Every record is a row, or replaces one, and every partition starts at 0. */
async function progress(): Promise<Record<keyof typeof groups, number>> {
  const sql = "select coalesce(sum(next_offset), 0)::int as n from pipeline.checkpoints where consumer = $1";
  const of = async (group: string) => (await db.query<{ n: number }>(sql, [group]))[0]?.n ?? 0;
  return { insert: await of(groups.insert), upsert: await of(groups.upsert) };
}

async function stored() {
  const [events] = await db.query(
    "select count(*)::int as rows, count(distinct event_id)::int as ids, sum(substr(event_id, 7)::int)::int as sum from events.driver_location",
  );
  const keyed = await db.query<{ key: string; id: string }>(
    "select record_key as key, event_id as id from events.keyed_driver_location",
  );
  return { events, keyed: new Map(keyed.map(({ key, id }) => [key, id])) };
}

/** What one record after the other makes of them. */
function expected() {
  const keyed = new Map<string, string>();
  for (let n = 0; n < sent; n++) keyed.set(`drv_${n % drivers}`, `event-${n}`);
  return { events: { rows: sent, ids: sent, sum: (sent * (sent - 1)) / 2 }, keyed };
}

async function startSink(synchronousCommit: boolean): Promise<ChildProcess> {
  const flags = {
    "sinks-metrics-port": 0,
    "sinks-connectors-dir": dir,
    // The shortest that a broker allows, so that a killed process is replaced soon.
    "sinks-session-timeout-ms": 6_000,
    "sinks-synchronous-commit": synchronousCommit,
    "postgres-url": stack.postgres,
    "postgres-sink-url": proxy.through(stack.postgresSink),
    "kafka-brokers": stack.kafka,
    "registry-url": stack.registry,
    "registry-cache-dir": dir,
    "log-level": "fatal",
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, ["main.ts", "sinks", "--json", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => {
      throw new Error(`the sink ended with ${code} before it was ready`);
    }),
  ]);
  return child;
}
