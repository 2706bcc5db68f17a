import { recordFieldsOf } from "./avro-type.ts";
import { type DataColumn, dataColumnsOf, tableNameOf } from "./columns.ts";
import { type TableDefinition, tableDefinition } from "./create-tables.ts";

/** What the sink needs of an event type of the catalogue. */
export type StoredType = {
  readonly name: string;
  readonly doc: string;
  readonly topic: string;
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
  readonly definition: TableDefinition;
};

export function storedTables(types: Iterable<StoredType>): readonly StoredTable[] {
  return [...types].map((type) => {
    const columns = dataColumnsOf(recordFieldsOf(type.enriched?.schema ?? type.schema));
    return {
      type: type.name,
      topic: type.enriched?.topic ?? type.topic,
      tableName: tableNameOf(type.name),
      columns,
      definition: tableDefinition(type.name, type.doc, columns),
    };
  });
}
