import { readFileSync } from "node:fs";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { loadCatalogue } from "../schemas/index.ts";
import { prepareDatabase } from "../sinks/index.ts";
import { createDatabase } from "../store/index.ts";
import { startTestStack } from "../test/support/stack.ts";
import { seedEvents, seededDays } from "./analyst-data.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { conditions, median } from "./rounds.ts";

export type Question = { readonly title: string; readonly sql: string };

/** The questions of docs/questions.md, in order. */
export function readQuestions(): readonly Question[] {
  const text = readFileSync(new URL("../docs/questions.md", import.meta.url), "utf8");
  return [...text.matchAll(/^## (\d+\. .*)\n+```sql\n([\s\S]*?)```/gm)].map(([, title = "", sql = ""]) => ({
    title,
    sql: sql.trim(),
  }));
}

const bar = 1_000;

/**
 * Asks the ten questions as the role `analyst`, in turn, over `--records` rows of each table (a million is what the bar is about). There is no peer; the limit is the
 * promise that an answer takes less than a second.
 */
export async function run({ rounds, records, say }: BenchOptions): Promise<BenchResult> {
  const { stop, postgres, postgresAnalyst } = await startTestStack();
  const metrics = createMetrics();
  const open = (name: string, url: string) =>
    createDatabase({ name, url, log: silentLogger, metrics, statementTimeoutMs: 300_000, max: 1 });
  const owner = open("owner", postgres);
  const analyst = open("analyst", postgresAnalyst);
  try {
    await prepareDatabase(postgres, loadCatalogue(), silentLogger);
    await owner.start(() => undefined);
    await analyst.start(() => undefined);
    await seedEvents(owner, records, say);
    const sizes = await owner.query<{ table: string; bytes: bigint }>(sizesSql);
    await owner.stop();
    const answers: Record<string, { median_ms: number; runs: number[]; rows: number }> = {};
    for (const { title, sql } of readQuestions()) {
      const runs: number[] = [];
      let rows = 0;
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        rows = (await analyst.query(sql)).length;
        runs.push(Math.round(performance.now() - began));
      }
      answers[title] = { median_ms: median(runs), runs, rows };
      say(`${title} ${runs.join(", ")} ms, ${rows} rows`);
    }
    const slowest = Math.max(...Object.values(answers).flatMap(({ runs }) => runs));
    return {
      bench: "questions",
      conditions: conditions({
        rows_a_table: records,
        days: seededDays,
        rounds,
        bytes: Object.fromEntries(sizes.map(({ table, bytes }) => [table, Number(bytes)])),
      }),
      ours: { slowest_ms: slowest, answers },
      peer: null,
      limit: { ms: bar },
      ratio: { peer: null, limit: Math.round((slowest / bar) * 100) / 100 },
    };
  } finally {
    await analyst.stop();
    await owner.stop();
    await stop();
  }
}

const sizesSql = `
  select c.relname as table, sum(pg_total_relation_size(i.inhrelid))::bigint as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_inherits i on i.inhparent = c.oid
  where n.nspname = 'events' and c.relkind = 'p' group by 1 having sum(pg_total_relation_size(i.inhrelid)) > 10000000 order by 2 desc`;
