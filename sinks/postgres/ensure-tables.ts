import { type Logger, PipelineError } from "../../runtime/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { analyticsViewSql, dropAnalyticsViewSql, grantAnalystSql } from "./analytics-view.ts";
import { alterTableSql, createTableSql, type TableDefinition, typeConflicts } from "./create-tables.ts";
import { dropLatestViewSql, hasRevisions, latestViewSql } from "./latest-view.ts";

/** A column that is there. */
export type PresentColumn = {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly comment: string | null;
};

export const presentSql = `
  select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
         col_description(c.oid, a.attnum) as comment
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
  where n.nspname = 'events' and c.relkind in ('p', 'r') and a.attnum > 0 and not a.attisdropped`;

const viewColumnsSql = `
  select a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'analytics' and c.relname = $1 and c.relkind = 'v' and a.attnum > 0 and not a.attisdropped order by a.attnum`;

/**
 * Makes the event tables that are missing and adds to those that are there what their schemas have gained; and their views: of newest revisions, and for analysts.
 * In one transaction and one process at a time; no table or column is ever dropped. Needs the migrations and the owner's URL.
 * @throws PipelineError store_unavailable, store_failed, store_type_conflict
 */
export async function ensureEventTables(url: string, tables: readonly TableDefinition[], log: Logger): Promise<void> {
  await runAsOwner(url, async (query) => {
    const present = byTable(await query<PresentColumn>(presentSql));
    refuseConflicts(tables, present);
    for (const table of tables) {
      const columns = present.get(table.name);
      const statements = columns === undefined ? createTableSql(table) : alterTableSql(table, columns);
      const isTold = hasRevisions(table);
      // A column that a view shows cannot be made wider.
      if (statements.some((sql) => sql.includes(" alter column "))) {
        for (const sql of dropAnalyticsViewSql(table)) await query(sql);
        if (isTold) await query(dropLatestViewSql(table));
      }
      for (const statement of statements) await query(statement);
      const views = [...(isTold ? latestViewSql(table) : []), ...grantAnalystSql(table)];
      if (table.analytics !== undefined) {
        const rows = await query<{ name: string }>(viewColumnsSql, [table.analytics.name]);
        views.push(...analyticsViewSql(table, rows.length === 0 ? undefined : rows.map(({ name }) => name)));
      }
      // Views cost nothing to make again, so what they say never lags behind this version of the program.
      await query(views.join(";\n"));
      if (statements.length > 0) log.info({ table: table.name, created: columns === undefined }, "event table changed");
    }
  });
}

/** @throws PipelineError store_type_conflict, with the statement for each column that would have to change */
export function refuseConflicts(
  tables: readonly Pick<TableDefinition, "name" | "columns">[],
  present: ReadonlyMap<string, ReadonlyMap<string, { readonly type: string }>>,
): void {
  const conflicts = tables.flatMap((table) => typeConflicts(table, present.get(table.name) ?? new Map()));
  if (conflicts.length > 0) throw new PipelineError("store_type_conflict", { message: conflicts.join("\n") });
}

/** What Postgres calls types, where that is longer than what we do. */
const shortTypes: Readonly<Record<string, string>> = {
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
  "time without time zone": "time",
};

/** Columns by table and name, with the types named as ours are. */
export function byTable(rows: readonly PresentColumn[]): ReadonlyMap<string, ReadonlyMap<string, PresentColumn>> {
  const present = new Map<string, Map<string, PresentColumn>>();
  for (const row of rows) {
    const type = shortTypes[row.type] ?? row.type;
    const columns = present.get(row.table) ?? new Map<string, PresentColumn>();
    columns.set(row.column, { ...row, type });
    present.set(row.table, columns);
  }
  return present;
}
