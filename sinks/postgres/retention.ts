import { didYouMean, type Logger, PipelineError } from "../../runtime/index.ts";
import { runAsOwner } from "../../store/index.ts";
import type { StoredTable } from "./event-types.ts";

/** Days by the name of the table; a table that is not in it keeps everything. */
export type Retention = ReadonlyMap<string, number>;

/** @throws PipelineError option_invalid for a type that no table is made of */
export function retentionOf(tables: readonly StoredTable[], keepDays: ReadonlyMap<string, number>): Retention {
  const types = tables.map(({ type }) => type);
  for (const named of keepDays.keys()) {
    if (named === "*" || types.includes(named)) continue;
    const hint = didYouMean(named, types);
    const message = `--postgres-keep-days names the event type ${named}, which there is not${hint === undefined ? "; see hailstream schemas list" : `; did you mean ${hint}`}.`;
    throw new PipelineError("option_invalid", { message });
  }
  const rest = keepDays.get("*");
  return new Map(
    tables.flatMap(({ type, tableName }) => {
      const days = keepDays.get(type) ?? rest;
      return days === undefined ? [] : [[tableName, days] as const];
    }),
  );
}

/**
 * Writes for how long the tables keep their events; tables of other catalogues in the same database stay as they are said there. Nothing is dropped here: the
 * sinks do that, a few days at a time. @throws PipelineError store_unavailable, store_failed
 */
export async function setRetention(
  url: string,
  tables: readonly string[],
  retention: Retention,
  log: Logger,
): Promise<void> {
  const wanted = JSON.stringify(Object.fromEntries(retention));
  await runAsOwner(url, async (query) => {
    const gone = await query<{ table: string }>(
      "delete from pipeline.retention where event_table = any ($1) and not $2::jsonb ? event_table returning event_table as table",
      [tables, wanted],
    );
    const changed = await query<{ table: string; days: number }>(
      `insert into pipeline.retention as r select key, value::int from jsonb_each_text($1::jsonb)
       on conflict (event_table) do update set keep_days = excluded.keep_days where r.keep_days <> excluded.keep_days
       returning event_table as table, keep_days as days`,
      [wanted],
    );
    for (const { table } of gone) log.info({ table }, "events are kept for ever from now on");
    for (const { table, days } of changed) log.info({ table, days }, "events are kept for so many days from now on");
  });
}
