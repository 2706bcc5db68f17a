import { PipelineError } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";
import { envelopeColumns } from "./columns.ts";
import type { EventTable } from "./event-table.ts";

/** @throws PipelineError store_schema_behind, naming the tables and columns that the owner has not made yet */
export async function verifyTables(db: Database, tables: readonly EventTable[]): Promise<void> {
  const rows = await db.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname = 'events' and c.relkind in ('p', 'r') and a.attnum > 0 and not a.attisdropped`,
  );
  const present = new Set(rows.map((row) => `${row.table}.${row.column}`));
  const wanted = tables.flatMap((table) =>
    [...envelopeColumns, ...table.columns].map((c) => `${table.name}.${c.name}`),
  );
  const missing = wanted.filter((name) => !present.has(name));
  if (missing.length === 0) return;
  const some = missing.slice(0, 5).join(", ");
  throw new PipelineError("store_schema_behind", { fields: { missing: missing.length, first: some } });
}
