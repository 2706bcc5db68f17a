import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureTopics, topicTable } from "../kafka/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { loadCatalogue } from "../schemas/index.ts";
import { prepareDatabase } from "../sinks/index.ts";
import { createDatabase, type Database } from "../store/index.ts";
import { startTestStack, type TestStack } from "../test/support/stack.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { fetchDebezium, startDebezium } from "./peers/debezium-jdbc.ts";
import { freePort, startStation, untilAnswers } from "./processes.ts";
import { peakResidentMb } from "./resident.ts";
import { conditions, ratio, runRounds } from "./rounds.ts";
import { benchConnection, copyData, peerTopic, produceOurs, producePeers } from "./sink-data.ts";

const pollMs = 100;

/**
 * A topic with a backlog into Postgres. Ours: `hailstream sinks`, exactly once, into the table partitioned by day. The peer: Debezium's
 * JDBC sink on Kafka Connect, at least once, upserting the same values by event id. The limit: one COPY of the same rows into a table with
 * the same primary key. Both sinks are measured the same way: by counting rows, from the first that is seen to the last.
 */
export async function run({ rounds, records, say }: BenchOptions): Promise<BenchResult> {
  say("preparing: Debezium, a stack of our own, and the records");
  const classPath = await fetchDebezium();
  const dir = mkdtempSync(join(tmpdir(), "hailstream-bench-sink-"));
  const stack = await startTestStack();
  const db = createDatabase({
    name: "bench",
    url: stack.postgres,
    log: silentLogger,
    metrics: createMetrics(),
    statementTimeoutMs: 300_000,
  });
  try {
    await db.start(() => undefined);
    await prepareDatabase(stack.postgres, loadCatalogue(), silentLogger);
    const connection = benchConnection(stack.kafka);
    await ensureTopics(connection, [
      ...topicTable,
      { name: peerTopic, partitions: 6, cleanup: "delete", retentionMs: -1 },
    ]);
    const ours = await produceOurs(connection, stack.registry, join(dir, "ids"), records);
    await producePeers(connection, stack.registry, records);
    await db.execute(
      "create table public.limit_rows (like events.driver_location, primary key (event_id, occurred_at))",
    );
    const copy = copyData(ours, records);

    const memory: number[] = [];
    const figures = await runRounds(
      [
        { name: "ours", run: (round) => runOurs({ stack, db, dir, records, round, memory }) },
        { name: "peer", run: (round) => runPeer({ stack, db, dir, records, round, classPath }) },
        { name: "limit", run: () => runLimit(db, copy, records) },
      ],
      rounds,
      say,
    );
    const of = (name: string) => figures[name]?.median ?? Number.NaN;
    return {
      bench: "sink",
      conditions: conditions({
        records,
        rounds,
        unit: "rows a second",
        ours: "exactly once, partitioned by day",
        peer: "Debezium JDBC 3.5, at least once, UNNEST, two tasks",
      }),
      ours: { rows_per_second: Math.round(of("ours")), runs: figures.ours?.runs, peak_memory_mb: Math.max(...memory) },
      peer: { rows_per_second: Math.round(of("peer")), runs: figures.peer?.runs },
      limit: { rows_per_second: Math.round(of("limit")), runs: figures.limit?.runs },
      ratio: { peer: ratio(of("ours"), of("peer")), limit: ratio(of("ours"), of("limit")) },
    };
  } finally {
    await db.stop();
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Round = {
  readonly stack: TestStack;
  readonly db: Database;
  readonly dir: string;
  readonly records: number;
  readonly round: number;
};

async function runOurs({ stack, db, dir, records, round, memory }: Round & { memory: number[] }): Promise<number> {
  await db.execute("truncate events.driver_location");
  await db.execute("checkpoint").catch(() => undefined);
  const port = await freePort();
  const server = startStation([
    ...["sinks", "--sinks-metrics-port", String(port), "--sinks-group-id", `bench-${round}`],
    ...["--webhook-group-id", `bench-webhook-${round}`, "--log-level", "warn"],
    ...["--kafka-brokers", stack.kafka, "--registry-url", stack.registry, "--registry-cache-dir", join(dir, "ids")],
    ...["--postgres-url", stack.postgres, "--postgres-sink-url", stack.postgresSink],
  ]);
  try {
    await untilAnswers(`http://127.0.0.1:${port}/live`, server);
    const rate = await rateOf(db, "events.driver_location", records, server);
    memory.push(peakResidentMb(server.child.pid) ?? Number.NaN);
    return rate;
  } finally {
    await server.stop();
  }
}

async function runPeer({ stack, db, dir, records, round, classPath }: Round & { classPath: string }): Promise<number> {
  const table = "debezium_loc";
  await db.execute(`drop table if exists public.${table}`);
  const restPort = await freePort();
  const server = startDebezium({
    ...{ classPath, dir, broker: stack.kafka, registry: stack.registry, postgres: stack.postgres },
    ...{ restPort, topic: peerTopic, table, round },
  });
  try {
    return await rateOf(db, `public.${table}`, records, server);
  } finally {
    await server.stop();
  }
}

async function runLimit(
  db: Database,
  copy: { readonly data: readonly Buffer[]; readonly columns: string },
  records: number,
): Promise<number> {
  await db.execute("truncate public.limit_rows");
  const began = performance.now();
  const rows = await db.transaction((tx) =>
    tx.copyIn(`copy public.limit_rows (${copy.columns}) from stdin (format binary)`, copy.data),
  );
  if (rows !== records) throw new Error(`the limit stored ${rows} rows of ${records}`);
  return rows / ((performance.now() - began) / 1_000);
}

/** Rows a second between the first poll that sees rows and the one that sees all. */
async function rateOf(
  db: Database,
  table: string,
  records: number,
  server: { child: { exitCode: number | null } },
): Promise<number> {
  let began = 0;
  let before = 0;
  const deadline = Date.now() + 300_000;
  for (;;) {
    // The peer makes its table itself, at its first flush.
    const counted = await db.query<{ n: number }>(`select count(*)::int as n from ${table}`).catch(() => []);
    const rows = counted[0]?.n ?? 0;
    const now = performance.now();
    if (rows > 0 && began === 0) {
      began = now;
      before = rows;
    }
    if (rows > records) throw new Error(`${table} has ${rows} rows of ${records} records`);
    if (rows === records) return (rows - before) / ((now - began) / 1_000);
    if (server.child.exitCode !== null) throw new Error(`the sink ended with ${server.child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${table} has only ${rows} of ${records} rows after five minutes`);
    await sleep(pollMs);
  }
}
