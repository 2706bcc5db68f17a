import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectKafka, createProducer, ensureTopics, kafkaOptions } from "../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, envelopeHeaders, loadCatalogue, type Schemas, schemaOptions } from "../../schemas/index.ts";
import { prepareDatabase } from "../../sinks/index.ts";
import { createDatabase, type Database } from "../../store/index.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { eventually } from "../support/wait.ts";

/** The shortest that a broker allows, so that the test is short. */
const sessionTimeoutMs = 6_000;
const group = "zombie";
const topic = "driver-locations-enriched";

let stack: TestStack;
let db: Database;
let schemas: Schemas;
const dir = mkdtempSync(join(tmpdir(), "hailstream-zombie-"));
const processes: ChildProcess[] = [];

beforeAll(async () => {
  stack = await startTestStack();
  const options = readOptions(schemaOptions, { flags: { "registry-url": stack.registry, "registry-cache-dir": dir } });
  schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  db = createDatabase({ name: "test", url: stack.postgres, log: silentLogger, metrics: createMetrics() });
  await ensureTopics(connection());
  await prepareDatabase(stack.postgres, loadCatalogue(), silentLogger);
  await db.start(() => undefined);
  await schemas.start(() => undefined);
  // Without a key nothing but the checkpoint stands between a record that is read twice and two rows.
  await db.query("select pipeline.ensure_day_partition('driver_location', '2015-01-31')");
  await db.execute("alter table events.driver_location drop constraint driver_location_pkey");
});

afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await schemas?.stop();
  await db?.stop();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const connection = () =>
  connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }), silentLogger, "test");

test("a stopped and continued process and a killed one lose nothing and store nothing twice", async () => {
  const load = startLoad();
  const a = await startSinks();
  const b = await startSinks();
  await eventually(async () => expect(await rows()).toBeGreaterThan(2_000), { timeoutMs: 180_000 });

  // Whether the stop falls on a flush in preparation is chance, so it is tried until one was fenced.
  let zombieFenced = 0;
  for (let attempt = 0; attempt < 15 && zombieFenced === 0; attempt++) {
    a.child.kill("SIGSTOP");
    await eventually(async () => expect(await ownersWithin()).toEqual([b.child.pid]), { timeoutMs: 180_000 });
    const before = await rows();
    await eventually(async () => expect(await rows()).toBeGreaterThan(before), { timeoutMs: 180_000 });
    a.child.kill("SIGCONT");
    // It is back when it owns partitions again.
    await eventually(async () => expect(await ownersWithin()).toContain(a.child.pid), { timeoutMs: 180_000 });
    zombieFenced = await a.fenced();
  }
  expect(zombieFenced).toBeGreaterThan(0);

  b.child.kill("SIGKILL");
  await startSinks();
  const before = await rows();
  await eventually(async () => expect(await rows()).toBeGreaterThan(before + 1_000), { timeoutMs: 180_000 });

  const sent = await load.stop();
  await eventually(async () => expect(await rows()).toBeGreaterThanOrEqual(sent), { timeoutMs: 300_000, everyMs: 500 });
  const [result] = await db.query(
    "select count(*)::int as stored, count(distinct event_id)::int as events from events.driver_location",
  );
  expect(result).toEqual({ stored: sent, events: sent });
  expect(await db.query("select * from pipeline.dead_letters")).toEqual([]);
  expect(a.child.exitCode).toBeNull();
}, 1_800_000);

async function rows(): Promise<number> {
  // Every record is a row and every partition starts at 0.
  const sql = "select coalesce(sum(next_offset), 0)::int as n from pipeline.checkpoints where consumer = $1";
  return (await db.query<{ n: number }>(sql, [group]))[0]?.n ?? 0;
}

/** The processes that hold claims of the loaded topic, oldest claims first. */
async function ownersWithin(): Promise<number[]> {
  const sql =
    "select distinct split_part(owner, '/', 2)::int as pid from pipeline.checkpoints where consumer = $1 and topic = $2 order by 1";
  return (await db.query<{ pid: number }>(sql, [group, topic])).map((row) => row.pid);
}

/** Events all the time, in batches as the stream processor writes them, until it is stopped; gives how many. */
function startLoad(): { stop(): Promise<number> } {
  const producer = createProducer({
    name: "load",
    connection: connection(),
    metrics: createMetrics(),
    log: silentLogger,
  });
  let stopping = false;
  let sent = 0;
  const done = (async () => {
    await producer.start(() => undefined);
    while (!stopping) {
      await producer.send(
        topic,
        Array.from({ length: 500 }, (_, i) => record(sent + i)),
      );
      sent += 500;
      await sleep(50);
    }
    await producer.stop();
    return sent;
  })();
  return {
    stop() {
      stopping = true;
      return done;
    },
  };
}

function record(n: number) {
  const data = { driver_id: `drv_${n % 500}`, latitude: 40.7, longitude: -73.9, trip_id: `trp_${n}` };
  const time = "2015-01-31T12:00:00.000Z";
  const envelope = { id: `event-${n}`, type: "driver.location", source: "/test", time, receivedAt: Date.now() };
  return { key: data.driver_id, value: schemas.encode("driver.location", data), headers: envelopeHeaders(envelope) };
}

async function startSinks(): Promise<{ child: ChildProcess; fenced(): Promise<number> }> {
  const flags = {
    "sinks-metrics-port": 0,
    "sinks-group-id": group,
    "sinks-session-timeout-ms": sessionTimeoutMs,
    // Small transactions, so that a process always has some before it.
    "sinks-max-partition-fetch-bytes": 65_536,
    "postgres-idle-in-transaction-timeout-ms": 3_000,
    "postgres-url": stack.postgres,
    "postgres-sink-url": stack.postgresSink,
    "kafka-brokers": stack.kafka,
    "registry-url": stack.registry,
    "registry-cache-dir": dir,
    "log-level": "error",
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, ["main.ts", "sinks", "--json", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  processes.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { metrics } = JSON.parse(line) as { metrics: string };
  return {
    child,
    async fenced() {
      const text = await (await fetch(`${metrics}/metrics`)).text();
      return Number(/^hailstream_sinks_fenced_total\{consumer="zombie"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    },
  };
}
