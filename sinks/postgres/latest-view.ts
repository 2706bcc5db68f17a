import { eventTable, quoteName, quoteText, type TableDefinition } from "./create-tables.ts";

/** Whether a table holds results that are told again when later events change them: each telling has a higher revision. */
export function hasRevisions({ columns }: TableDefinition): boolean {
  return columns.some(({ name, type }) => name === "revision" && type === "integer");
}

/** The name of the view with the newest of several tellings. */
export const latestViewName = (table: TableDefinition): string => `${table.name}_latest`;

export function dropLatestViewSql(table: TableDefinition): string {
  return `drop view if exists ${eventTable(latestViewName(table))}`;
}

/**
 * The statements that make the view, or make it again after the table has gained columns: of each subject the row with the highest revision. A
 * condition on `occurred_at` reaches the table's partitions. A newer revision is never the first, so the index holds only those that
 * were told again, and a question about all subjects looks through these few.
 */
export function latestViewSql(table: TableDefinition): readonly string[] {
  const name = eventTable(table.name);
  const view = eventTable(latestViewName(table));
  const comment = `Of each result in ${name.replaceAll('"', "")} the newest revision. ${table.comment}`;
  return [
    `create index if not exists ${quoteName(`${table.name}_subject_retold`)} on ${name} ("subject", "revision") where "revision" > 1`,
    `drop index if exists ${eventTable(`${table.name}_subject_revision`)}`,
    // In the order of the table's own columns, behind which new ones come: only so may a view be replaced.
    `create or replace view ${view} as select told.* from ${name} as told where not exists (\n` +
      `  select from ${name} as newer where newer."subject" = told."subject" and newer."revision" > told."revision" and newer."revision" > 1)`,
    `comment on view ${view} is ${quoteText(comment)}`,
  ];
}
