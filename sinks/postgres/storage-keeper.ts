import { setTimeout as delay } from "node:timers/promises";
import {
  createService,
  type Logger,
  type Metrics,
  messageOf,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import { type Database, foldLedger } from "../../store/index.ts";
import { quoteName } from "./create-tables.ts";

export type StorageKeeperParts = {
  readonly db: Database;
  /** Names of event tables, partitioned or not. */
  readonly tables: readonly string[];
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly intervalMs?: number;
};

export type StorageKeeper = Service & {
  /** One round over all tables. Never throws: what fails is told and comes again in the next round. */
  keep(): Promise<void>;
};

/** Today and the two days behind it, which is as far ahead as the database lets partitions be made. */
const daysAhead = [0, 1, 2];
const tenMinutesMs = 600_000;

/**
 * What tables need over months: the partitions of the next days before the first event of a day waits for them, the days that are older than is kept dropped, and
 * the planner told of tables as a whole. Any number of processes may do it beside each other; each step is short, gives up a lock that it does not get within
 * seconds, and is harmless when somebody else has done it.
 */
export function createStorageKeeper(parts: StorageKeeperParts): StorageKeeper {
  const { db, log } = parts;
  const daysTotal = parts.metrics.counter(
    "hailstream_sinks_partition_days_total",
    "Day partitions made ahead of their day, or dropped since their events are older than is kept.",
    ["action"],
  );
  const stopped = new AbortController();
  let rounds: Promise<void> | undefined;

  return Object.assign(
    createService({
      name: "storage keeper",
      start() {
        rounds = keepOn();
      },
      async stop() {
        stopped.abort();
        await rounds;
      },
    }),
    { keep },
  );

  async function keepOn(): Promise<void> {
    while (!stopped.signal.aborted) {
      await keep();
      await delay(parts.intervalMs ?? tenMinutesMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  async function keep(): Promise<void> {
    await foldLedger(db).catch((error: unknown) => {
      log.debug({ err: error }, "the audit ledger is not folded, the next round tries again");
    });
    for (const table of parts.tables) {
      for (const step of [makeAhead, dropOld, analyze]) {
        if (stopped.signal.aborted) return;
        try {
          await step(table);
        } catch (error) {
          const level = error instanceof PipelineError && error.retryable ? "debug" : "warn";
          log[level](
            { table, step: step.name },
            `storage is not kept up, the next round tries again: ${messageOf(error)}`,
          );
        }
      }
    }
  }

  /** Only where events come in these days: a table that nobody writes, or only a replay of old events, gets no empty days. */
  async function makeAhead(table: string): Promise<void> {
    const [live] = await db.query(
      `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'events' and c.relname = $1 and c.relkind = 'p'
         and exists (select from events.${quoteName(table)} where occurred_at > now() - interval '2 days' and occurred_at < now() + interval '1 day')`,
      [table],
    );
    if (live === undefined) return;
    const missing = await db.query<{ day: string }>(
      `select day::text from (select (now() at time zone 'UTC')::date + n as day from unnest($2::int[]) n) d
       where not exists (select from pg_class c join pg_namespace s on s.oid = c.relnamespace
                         where s.nspname = 'events_days' and c.relname = $1 || '_' || to_char(day, 'YYYYMMDD'))`,
      [table, daysAhead],
    );
    for (const { day } of missing) {
      await db.query("select pipeline.ensure_day_partition($1, $2::date)", [table, day]);
      daysTotal.inc({ action: "made" });
    }
  }

  async function dropOld(table: string): Promise<void> {
    const dropped = await db.query<{ day: string }>("select day::text from pipeline.drop_old_days($1) as day", [table]);
    if (dropped.length === 0) return;
    daysTotal.inc({ action: "dropped" }, dropped.length);
    log.info({ table, days: dropped.length, newest: dropped.at(-1)?.day }, "days older than is kept were dropped");
  }

  async function analyze(table: string): Promise<void> {
    await db.query("select pipeline.analyze_whole($1)", [table]);
  }
}
