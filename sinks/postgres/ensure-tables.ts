import type { Logger } from "../../runtime/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { analyticsViewSql, dropAnalyticsViewSql, grantAnalystSql } from "./analytics-view.ts";
import { alterTableSql, createTableSql, type TableDefinition } from "./create-tables.ts";
import { dropLatestViewSql, hasRevisions, latestViewSql } from "./latest-view.ts";

type PresentColumn = {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly comment: string | null;
};

const presentSql = `
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
 * @throws PipelineError store_unavailable, store_failed
 */
export async function ensureEventTables(url: string, tables: readonly TableDefinition[], log: Logger): Promise<void> {
  await runAsOwner(url, async (query) => {
    const present = new Map<string, Map<string, PresentColumn>>();
    for (const row of await query<PresentColumn & { type: string }>(presentSql)) {
      const type = row.type === "timestamp with time zone" ? "timestamptz" : row.type;
      const columns = present.get(row.table) ?? new Map<string, PresentColumn>();
      columns.set(row.column, { ...row, type });
      present.set(row.table, columns);
    }
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
