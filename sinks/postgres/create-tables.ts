import { type Column, envelopeColumns, tableNameOf } from "./columns.ts";

/** A name as SQL takes it, whatever characters it has. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A text as SQL takes it; E'' because a backslash must mean itself whatever the server's settings are. */
export const quoteText = (text: string): string =>
  text.includes("\\") ? `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;

export const eventTable = (name: string): string => `events.${quoteName(name)}`;

/** The enrichment field that says which of several records of one event is valid: the one with the highest. */
export const revisionColumn = "enrichment_revision";

export type TableDefinition = {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly Column[];
  /** Of a table that keeps the newest event of each key: the column of the key. */
  readonly latestOf?: string;
  /** How analysts know it: the name of a view without personal data, and the column that says what a row is about. */
  readonly analytics?: { readonly name: string; readonly keyColumn: string };
  /** Whether rows of it are deleted by tombstones. */
  readonly deletes?: boolean;
};

export function tableDefinition(
  eventType: string,
  doc: string,
  dataColumns: readonly Column[],
  more: Pick<TableDefinition, "latestOf" | "analytics"> = {},
): TableDefinition {
  return {
    name: tableNameOf(eventType),
    comment: doc,
    columns: [...envelopeColumns, ...dataColumns],
    ...more,
  };
}

const columnSql = (column: Column): string =>
  `${quoteName(column.name)} ${column.type}${column.notNull ? " not null" : ""}`;

/** The statements that make an event table with its comments and the partition for days outside of the window. */
export function createTableSql(table: TableDefinition): readonly string[] {
  const name = eventTable(table.name);
  const columns = table.columns.map((column) => `  ${columnSql(column)},\n`).join("");
  const made =
    table.latestOf === undefined
      ? [
          `create table ${name} (\n${columns}  primary key ("event_id", "occurred_at")\n) partition by range ("occurred_at")`,
          `create table events_days.${quoteName(`${table.name}_default`)} partition of ${name} default`,
          // For an hour or a minute of a day; a thousandth of the size of a B-tree, and next to nothing to keep while rows come in the order of time.
          `create index ${quoteName(`${table.name}_time`)} on ${name} using brin ("occurred_at" timestamptz_minmax_multi_ops) with (pages_per_range = 32, autosummarize = on)`,
        ]
      : [
          `create table ${name} (\n${columns}  primary key (${quoteName(table.latestOf)})\n) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)`,
        ];
  return [
    ...made,
    ...(isUpdated(table) ? [grantUpdateSql(table)] : []),
    `comment on table ${name} is ${quoteText(table.comment)}`,
    ...table.columns.map((column) => commentSql(table, column)),
  ];
}

/** What a table that is there still lacks. A column is never dropped or narrowed: a field that is gone keeps its column. */
export function alterTableSql(
  table: TableDefinition,
  present: ReadonlyMap<string, { readonly type: string; readonly comment: string | null }>,
): readonly string[] {
  return table.columns.flatMap((column) => {
    const there = present.get(column.name);
    const comment = there?.comment === column.comment ? [] : [commentSql(table, column)];
    if (there === undefined) {
      const grant = column.name === revisionColumn ? [grantUpdateSql(table)] : [];
      return [`alter table ${eventTable(table.name)} add column ${columnSql(column)}`, ...grant, ...comment];
    }
    const widen = widens(there.type, column.type)
      ? [`alter table ${eventTable(table.name)} alter column ${quoteName(column.name)} type ${column.type}`]
      : [];
    return [...widen, ...comment];
  });
}

/**
 * What keeps a table from becoming as it is wanted: columns of another type that no promotion leads from. Each with the statement by which an
 * operator could change it, if every value that is there allows that.
 */
export function typeConflicts(
  table: Pick<TableDefinition, "name" | "columns">,
  present: ReadonlyMap<string, { readonly type: string }>,
): readonly string[] {
  return table.columns.flatMap((column) => {
    const there = present.get(column.name)?.type;
    if (there === undefined || there === column.type || widens(there, column.type)) return [];
    // Kept the same way: what COPY sends for the one is right for the other.
    if (column.type === "text" && /^(character varying|varchar)/.test(there)) return [];
    const name = quoteName(column.name);
    const statement = `alter table ${eventTable(table.name)} alter column ${name} type ${column.type} using ${name}::${column.type}`;
    return [`events.${table.name}.${column.name} is ${there} and must become ${column.type}: ${statement};`];
  });
}

/** The sink may change rows only where a later record can be more valid than the one that is there. */
function isUpdated(table: TableDefinition): boolean {
  return table.latestOf !== undefined || table.columns.some((column) => column.name === revisionColumn);
}

function grantUpdateSql(table: TableDefinition): string {
  return `grant update${table.deletes === true ? ", delete" : ""} on ${eventTable(table.name)} to sink`;
}

/** Avro's promotions that change the column; Postgres rewrites the table, which takes a while on a large one. */
const widens = (from: string, to: string): boolean =>
  (from === "integer" && (to === "bigint" || to === "double precision")) ||
  (from === "bigint" && to === "double precision");

function commentSql(table: TableDefinition, column: Column): string {
  return `comment on column ${eventTable(table.name)}.${quoteName(column.name)} is ${quoteText(column.comment)}`;
}
