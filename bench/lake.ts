import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { ensureTopics, topicTable } from "../kafka/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { createDatabase, type Database, migrate } from "../store/index.ts";
import { startTestStack, type TestStack } from "../test/support/stack.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { freePort, startStation, untilAnswers } from "./processes.ts";
import { peakResidentMb } from "./resident.ts";
import { conditions, ratio, runRounds } from "./rounds.ts";
import { benchConnection, produceOurs } from "./sink-data.ts";

const pollMs = 50;

/**
 * A topic with a backlog into Parquet files. Ours: `hailstream lake`, from its first answer (before it has joined its group) to the last
 * file being published. The limit: DuckDB writing the same rows, which it has in memory already, into files of the same kind.
 */
export async function run({ rounds, records, say }: BenchOptions): Promise<BenchResult> {
  say("preparing: a stack of our own, and the records");
  const dir = mkdtempSync(join(tmpdir(), "hailstream-bench-lake-"));
  const stack = await startTestStack();
  const db = createDatabase({ name: "bench", url: stack.postgres, log: silentLogger, metrics: createMetrics() });
  try {
    await db.start(() => undefined);
    await migrate(stack.postgres, silentLogger);
    const connection = benchConnection(stack.kafka);
    await ensureTopics(connection, topicTable);
    await produceOurs(connection, stack.registry, join(dir, "ids"), records);
    const memory: number[] = [];
    const figures = await runRounds(
      [
        { name: "ours", run: (round) => runOurs({ stack, db, dir, records, round, memory }) },
        { name: "limit", run: (round) => runDuck(join(dir, `ours-${round}`), join(dir, `duck-${round}`), records) },
      ],
      rounds,
      say,
    );
    const of = (name: string) => figures[name]?.median ?? Number.NaN;
    return {
      bench: "lake",
      conditions: conditions({
        records,
        rounds,
        unit: "rows a second",
        files: "zstd, one for each hour of the events",
      }),
      ours: { rows_per_second: Math.round(of("ours")), runs: figures.ours?.runs, peak_memory_mb: Math.max(...memory) },
      peer: null,
      limit: { duckdb_rows_per_second: Math.round(of("limit")), runs: figures.limit?.runs },
      ratio: { peer: null, limit: ratio(of("ours"), of("limit")) },
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
  readonly memory: number[];
};

async function runOurs({ stack, db, dir, records, round, memory }: Round): Promise<number> {
  const port = await freePort();
  const server = startStation([
    ...["lake", "--lake-metrics-port", String(port), "--lake-group-id", `bench-${round}`, "--log-level", "warn"],
    ...["--lake-dir", join(dir, `ours-${round}`), "--lake-types", "driver.location", "--lake-max-age-ms", "1000"],
    ...["--kafka-brokers", stack.kafka, "--registry-url", stack.registry, "--registry-cache-dir", join(dir, "ids")],
    ...["--postgres-url", stack.postgres, "--postgres-sink-url", stack.postgresSink],
  ]);
  try {
    await untilAnswers(`http://127.0.0.1:${port}/live`, server);
    const began = performance.now();
    const sql =
      "select coalesce(sum(rows), 0)::int as n from lake.files where consumer = $1 and published_at is not null";
    for (;;) {
      const n = (await db.query<{ n: number }>(sql, [`bench-${round}`]))[0]?.n ?? 0;
      if (n >= records) break;
      if (performance.now() - began > 300_000) throw new Error(`${n} rows of ${records} after five minutes`);
      await sleep(pollMs);
    }
    memory.push(peakResidentMb(server.child.pid) ?? Number.NaN);
    return records / ((performance.now() - began) / 1_000);
  } finally {
    await server.stop();
  }
}

async function runDuck(from: string, to: string, records: number): Promise<number> {
  mkdirSync(to);
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    await connection.run(
      `create table rows as from read_parquet('${from}/**/*.parquet', hive_partitioning = true, union_by_name = true)`,
    );
    const began = performance.now();
    await connection.run(`copy rows to '${to}' (format parquet, compression zstd, partition_by (type, date, hour))`);
    const seconds = (performance.now() - began) / 1_000;
    const counted = await connection.runAndReadAll(`select count(*)::int from '${to}/**/*.parquet'`);
    const [[stored] = []] = counted.getRowsJS();
    if (stored !== records) throw new Error(`DuckDB stored ${stored} rows of ${records}`);
    return records / seconds;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
