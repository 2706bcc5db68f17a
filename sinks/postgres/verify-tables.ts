import { PipelineError } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { TableDefinition } from "./create-tables.ts";
import { byTable, type PresentColumn, presentSql, refuseConflicts } from "./ensure-tables.ts";

/**
 * Before a row is touched: whether tables are as they are wanted.
 * @throws PipelineError store_schema_behind, naming the tables and columns that the owner has not made yet; store_type_conflict
 */
export async function verifyTables(
  db: Queryable,
  tables: readonly Pick<TableDefinition, "name" | "columns">[],
): Promise<void> {
  const present = byTable(await db.query<PresentColumn>(presentSql));
  const missing = tables.flatMap(({ name, columns }) =>
    columns.filter((column) => present.get(name)?.has(column.name) !== true).map((column) => `${name}.${column.name}`),
  );
  if (missing.length > 0) {
    const some = missing.slice(0, 5).join(", ");
    throw new PipelineError("store_schema_behind", { fields: { missing: missing.length, first: some } });
  }
  refuseConflicts(tables, present);
}
