import type { Queryable } from "../../store/index.ts";
import type { AuditedTable } from "../compare-table.ts";
import { madeAt } from "./times.ts";

/** The row of an event. */
export type FoundRow = {
  readonly type: string;
  readonly tableName: string;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  readonly schemaId: number;
  /** All columns, as JSON has them. */
  readonly row: Readonly<Record<string, unknown>>;
};

type Row = {
  readonly type: string;
  readonly table_name: string;
  readonly occurred_at: Date;
  readonly received_at: Date;
  readonly schema_id: number;
  readonly row: Readonly<Record<string, unknown>>;
};

/** Clocks of phones that are right differ by less from the moment in which the id was made. */
const nearMs = 36 * 3_600_000;

/** The rows of an event in all tables: one, unless somebody has doubled it. Each day's partition has an index that begins with the id. @throws PipelineError store_… */
export async function findRows(
  db: Queryable,
  tables: readonly AuditedTable[],
  id: string,
): Promise<readonly FoundRow[]> {
  const made = madeAt(id);
  if (made !== undefined) {
    // Most ids say when they were made, so that few days need to be looked into.
    const near = await rowsBetween(db, tables, id, new Date(made - nearMs), new Date(made + nearMs));
    if (near.length > 0) return near;
  }
  return rowsBetween(db, tables, id, "-infinity", "infinity");
}

async function rowsBetween(
  db: Queryable,
  tables: readonly AuditedTable[],
  id: string,
  from: Date | string,
  to: Date | string,
): Promise<readonly FoundRow[]> {
  if (tables.length === 0) return [];
  const parts = tables.map(
    ({ type, tableName }) =>
      `select '${type.replaceAll("'", "''")}' as type, '${tableName.replaceAll("'", "''")}' as table_name, occurred_at, received_at, schema_id, to_jsonb(e) as row
       from events."${tableName.replaceAll('"', '""')}" e where event_id = $1 and occurred_at >= $2 and occurred_at < $3`,
  );
  const rows = await db.query<Row>(parts.join("\nunion all\n"), [id, from, to]);
  return rows.map(({ type, table_name: tableName, occurred_at, received_at, schema_id, row }) => ({
    ...{ type, tableName, occurredAt: occurred_at, receivedAt: received_at, schemaId: schema_id, row },
  }));
}
