import { recordFieldsOf } from "./avro-type.ts";
import { type DataColumn, dataColumnsOf, tableNameOf } from "./columns.ts";
import { type TableDefinition, tableDefinition } from "./create-tables.ts";

/** What the sink needs of an event type of the catalogue. */
export type StoredType = {
  readonly name: string;
  readonly doc: string;
  readonly topic: string;
  readonly keyField: string;
  /** Whether its table keeps only the newest event of each key. */
  readonly latest?: boolean;
  /** The name of its view for analysts. */
  readonly analytics?: string;
  /** The Avro schema as JSON. */
  readonly schema: unknown;
  readonly enriched?: { readonly topic: string; readonly schema: unknown };
};

/** Where a type is read and what its table is like: the enriched records where there are such, else the plain ones. */
export type StoredTable = {
  readonly type: string;
  readonly topic: string;
  readonly tableName: string;
  readonly columns: readonly DataColumn[];
  readonly keeps: "events" | "latest";
  /** The column of the record key: of a `latest` table there is one row for each of its values. */
  readonly keyColumn: string;
  readonly definition: TableDefinition;
};

export function storedTables(types: Iterable<StoredType>): readonly StoredTable[] {
  return [...types].map((type) => {
    const columns = dataColumnsOf(recordFieldsOf(type.enriched?.schema ?? type.schema));
    const keeps = type.latest === true ? "latest" : "events";
    const keyColumn = columns.find(({ field }) => field.name === type.keyField)?.name ?? type.keyField;
    return {
      type: type.name,
      topic: type.enriched?.topic ?? type.topic,
      tableName: tableNameOf(type.name),
      columns,
      keeps,
      keyColumn,
      definition: tableDefinition(type.name, type.doc, columns, {
        ...(keeps === "latest" ? { latestOf: keyColumn } : {}),
        ...(type.analytics === undefined ? {} : { analytics: { name: type.analytics, keyColumn } }),
      }),
    };
  });
}
