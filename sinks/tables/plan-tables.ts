import { PipelineError } from "../../runtime/index.ts";
import type { ConnectorConfig } from "../connectors/config.ts";
import type { AvroField } from "../postgres/avro-type.ts";
import { type Column, type DataColumn, dataColumnsOf, envelopeColumns, tableNameOf } from "../postgres/columns.ts";
import type { TableDefinition } from "../postgres/create-tables.ts";
import { type EventTable, eventTableOf } from "../postgres/event-table.ts";
import { type StoredTable, type StoredType, storedTables } from "../postgres/event-types.ts";
import { transformFailed } from "../transforms/transform.ts";
import { keyColumn, keyedColumns, type UpsertTable, upsertTableOf } from "./upsert-table.ts";

/** A table of a connector: what it is made of, and how it is written in the connector's mode. */
export type PlannedTable = {
  readonly name: string;
  readonly type: string;
  readonly definition: TableDefinition;
  readonly columns: readonly DataColumn[];
  readonly write:
    | { readonly mode: "insert"; readonly table: EventTable }
    | { readonly mode: "upsert"; readonly table: UpsertTable };
};

export type TablePlan = {
  /** The tables that are known before any record; none where a field of the record decides. */
  readonly tables: readonly PlannedTable[];
  /** The table of a record by its type and its topic behind the transforms. @throws PipelineError sink_transform_failed */
  tableFor(type: string, topic: string): PlannedTable;
  /** The types whose records a topic carries. */
  typesOf(topic: string): readonly string[];
};

/** Postgres cuts names after this many bytes; tables leave room for what is put in front of or behind theirs. */
const longestColumn = 63;
const longestTable = 50;

/**
 * Derives the tables of a connector from the types of its topics and from what its transforms make of their fields.
 * @throws PipelineError connector_invalid when tables would be of two minds, or belong to the catalogue
 */
export function planTables(config: ConnectorConfig, types: readonly StoredType[]): TablePlan {
  const stored = new Map(storedTables(types).map((table) => [table.type, table]));
  const ofCatalogue = new Set([...stored.values()].map((table) => table.tableName));
  const known = new Map<string, PlannedTable>();
  const carried = (topic: string) =>
    types.filter((type) => type.topic === topic || type.enriched?.topic === topic).map(({ name }) => name);
  const topics = config.topics ?? [...new Set([...stored.values()].map(({ topic }) => topic))].filter(config.reads);
  const tables = config.chain.routesByField
    ? []
    : topics.flatMap((topic) => {
        const routed = config.chain.routeOf(topic);
        return carried(topic).map((type) => planned(type, routed, refuse));
      });
  return {
    tables: [...new Set(tables)],
    tableFor: (type, topic) => planned(type, topic, transformFailed),
    typesOf: carried,
  };

  function planned(type: string, topic: string, failure: (message: string) => PipelineError): PlannedTable {
    const name = nameOf(config, type, topic);
    const present = known.get(name);
    if (present?.type === type) return present;
    if (present !== undefined)
      throw failure(`the types ${present.type} and ${type} would share the table events.${name}`);
    if (ofCatalogue.has(name)) throw failure(`the table events.${name} belongs to the catalogue`);
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || name.length > longestTable) {
      throw failure(`${JSON.stringify(name.slice(0, 80))} cannot name a table`);
    }
    const base = stored.get(type);
    if (base === undefined) throw failure(`there is no event type ${type}`);
    const table = plan(config, base, name, topic);
    known.set(name, table);
    return table;
  }

  function refuse(problem: string): PipelineError {
    return new PipelineError("connector_invalid", { message: `The connector ${config.name}: ${problem}` });
  }
}

function nameOf({ name, tableFormat }: ConnectorConfig, type: string, topic: string): string {
  const values: Readonly<Record<string, string>> = { type: tableNameOf(type), topic, connector: name };
  const text = (tableFormat ?? `\${connector}_\${type}`).replace(
    /\$\{(\w+)\}/g,
    (_all, key: string) => values[key] ?? "",
  );
  return text.toLowerCase().replace(/[.\s-]/g, "_");
}

function plan(config: ConnectorConfig, base: StoredTable, name: string, topic: string): PlannedTable {
  const before: readonly AvroField[] = base.columns.map(({ field }) => field);
  const isKeyed = config.mode === "upsert";
  const leading = isKeyed ? keyedColumns.columns : [];
  const columns = dataColumnsOf(config.chain.compile(before).fields, leading);
  const long = columns.find((column) => Buffer.byteLength(column.name) > longestColumn);
  if (long !== undefined)
    throw transformFailed(`the column ${long.name} has a name of more than ${longestColumn} bytes`);
  const all: readonly Column[] = [...leading, ...envelopeColumns, ...columns];
  const comment = `${base.definition.comment} Filled from ${topic} by the connector ${config.name}.`;
  const definition: TableDefinition = {
    name,
    comment,
    columns: all,
    ...(isKeyed ? { latestOf: keyColumn, deletes: true } : {}),
  };
  const own: StoredTable = { ...base, tableName: name, columns, keeps: "events", definition };
  return {
    name,
    type: base.type,
    definition,
    columns,
    write: isKeyed ? { mode: "upsert", table: upsertTableOf(name, all) } : { mode: "insert", table: eventTableOf(own) },
  };
}
