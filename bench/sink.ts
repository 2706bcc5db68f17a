import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
import { benchConnection, copyData, keyedTopic, peerTopic, produceOurs, producePeers } from "./sink-data.ts";

/** Between two looks at the size of a table, which cost nothing. */
const pollMs = 20;
/** A table that did not grow for so long may be complete: its rows are counted. */
const stillMs = 60;

/**
 * A topic with a backlog into Postgres. Ours: `hailstream sinks`, exactly once, into the table partitioned by day; and a connector that keeps one
 * row a key (the event's id), exactly once too. The peer: Debezium's JDBC sink on Kafka Connect, at least once, upserting the same values by event id.
 * The limit: one COPY of the same rows into a table with the same primary key. All sinks are measured the same way: by the rows of the table, from the
 * first that are seen to the last.
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
        { name: "ours, upsert", run: (round) => runUpsert({ stack, db, dir, records, round, memory }) },
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
      ours: {
        insert: { rows_per_second: Math.round(of("ours")), runs: figures.ours?.runs },
        upsert: { rows_per_second: Math.round(of("ours, upsert")), runs: figures["ours, upsert"]?.runs },
        peak_memory_mb: Math.max(...memory),
      },
      peer: { rows_per_second: Math.round(of("peer")), runs: figures.peer?.runs },
      limit: { rows_per_second: Math.round(of("limit")), runs: figures.limit?.runs },
      ratio: {
        peer: { insert: ratio(of("ours"), of("peer")), upsert: ratio(of("ours, upsert"), of("peer")) },
        limit: ratio(of("ours"), of("limit")),
      },
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

/** The shipped connectors. */
async function runOurs(round: Round & { memory: number[] }): Promise<number> {
  await round.db.execute("truncate events.driver_location");
  return await runSinks(round, [], "events.driver_location");
}

/** A connector with one row a key, alone. */
async function runUpsert(round: Round & { memory: number[] }): Promise<number> {
  const table = "events.keyed_driver_location";
  await round.db.execute(`drop table if exists ${table}`);
  const folder = join(round.dir, `connectors-${round.round}`);
  mkdirSync(folder);
  const names = ["events", "quarantine", "alerts"];
  for (const name of names) writeConnector(folder, { name, initial_state: "STOPPED", topics: "alerts" });
  const group = `bench-upsert-${round.round}`;
  writeConnector(folder, {
    ...{ name: "keyed", topics: keyedTopic, "insert.mode": "upsert", "consumer.override.group.id": group },
  });
  return await runSinks(round, ["--sinks-connectors-dir", folder], table);
}

function writeConnector(folder: string, keys: Readonly<Record<string, string>>): void {
  const all = { "connector.class": "PostgresSink", ...keys };
  const lines = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(folder, `${keys.name}.yaml`), lines.join(""));
}

async function runSinks(
  { stack, db, dir, records, round, memory }: Round & { memory: number[] },
  more: readonly string[],
  table: string,
): Promise<number> {
  await db.execute("checkpoint").catch(() => undefined);
  const port = await freePort();
  const server = startStation([
    ...["sinks", "--sinks-metrics-port", String(port), "--sinks-group-id", `bench-${round}`],
    ...["--webhook-group-id", `bench-webhook-${round}`, "--log-level", "warn"],
    ...["--kafka-brokers", stack.kafka, "--registry-url", stack.registry, "--registry-cache-dir", join(dir, "ids")],
    ...["--postgres-url", stack.postgres, "--postgres-sink-url", stack.postgresSink],
    ...more,
  ]);
  try {
    await untilAnswers(`http://127.0.0.1:${port}/live`, server);
    const rate = await rateOf(db, table, records, server);
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

/**
 * Rows a second between the first look that sees rows and the one that sees all. A count of half a million rows takes a tenth of a core when it
 * is made ten times a second, so the looks are at the size of the files, and rows are counted when it stands still.
 */
async function rateOf(
  db: Database,
  table: string,
  records: number,
  server: { child: { exitCode: number | null } },
): Promise<number> {
  const rows = async () => (await db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? 0;
  const deadline = Date.now() + 300_000;
  let first: { readonly at: number; readonly rows: number } | undefined;
  let size = 0;
  let grewAt = 0;
  for (;;) {
    const now = performance.now();
    const seen = await sizeOf(db, table);
    if (seen !== size) {
      size = seen;
      grewAt = now;
      // What is in the files may not be committed yet: the first rows that are seen are what counts.
      if (first === undefined) {
        const before = await rows();
        if (before > 0) first = { at: performance.now(), rows: before };
      }
    } else if (size > 0 && now - grewAt >= stillMs) {
      const stored = await rows();
      if (stored > records) throw new Error(`${table} has ${stored} rows of ${records} records`);
      if (stored === records && first !== undefined) {
        return (records - first.rows) / ((performance.now() - first.at) / 1_000);
      }
      grewAt = performance.now();
    }
    if (server.child.exitCode !== null) throw new Error(`the sink ended with ${server.child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${table} is not complete after five minutes`);
    await sleep(pollMs);
  }
}

/** Bytes of a table with its partitions, without indexes; 0 while there is none, for the peer makes its table at its first flush. */
async function sizeOf(db: Database, table: string): Promise<number> {
  const sql = `select coalesce(sum(pg_relation_size(part)), 0)::float8 as bytes from
    (select to_regclass($1) union select relid from pg_partition_tree(to_regclass($1))) as parts (part)`;
  const [row] = await db.query<{ bytes: number }>(sql, [table]);
  return row?.bytes ?? 0;
}
