import type { Pii } from "../../schemas/index.ts";
import type { AvroField, AvroType } from "./avro-type.ts";

/** The Postgres types of event tables; the names go into SQL as they are. */
export type ColumnType =
  | "text"
  | "bigint"
  | "integer"
  | "double precision"
  | "boolean"
  | "bytea"
  | "jsonb"
  | "timestamptz"
  | "timestamp"
  | "date"
  | "time"
  | "uuid"
  | "numeric";

export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  readonly comment: string;
  /** What kind of personal data it holds: analysts do not see it. */
  readonly pii?: Pii;
};

/** A column that holds a field of the event's data. */
export type DataColumn = Column & { readonly field: AvroField };

/** What every event table begins with: the envelope of the event. */
export const envelopeColumns: readonly Column[] = [
  {
    name: "event_id",
    type: "text",
    notNull: true,
    comment: "Id that the app gave the event; the same event is never two rows.",
  },
  { name: "occurred_at", type: "timestamptz", notNull: true, comment: "When it happened, by the clock of the app." },
  { name: "received_at", type: "timestamptz", notNull: true, comment: "When the pipeline received it." },
  { name: "source", type: "text", notNull: false, comment: "Which app and version sent it." },
  {
    name: "subject",
    type: "text",
    notNull: false,
    comment: "Whom or what the event is about, where the app said so.",
    pii: "identifier",
  },
  {
    name: "schema_id",
    type: "integer",
    notNull: true,
    comment: "Schema of the registry that the event was written with.",
  },
  {
    name: "time_corrected",
    type: "timestamptz",
    notNull: false,
    comment:
      "When it happened by the pipeline's clock, where the app said when it sent the event; coalesce(time_corrected, occurred_at) is the best known time.",
  },
  {
    name: "time_error_ms",
    type: "integer",
    notNull: false,
    comment: "By how many milliseconds time_corrected may be wrong.",
  },
  {
    name: "time_flag",
    type: "text",
    notNull: false,
    comment: "future or past: occurred_at lay ahead of the pipeline's clock, or far back, when the event was received.",
  },
];

const reserved = new Set(envelopeColumns.map((column) => column.name));

/**
 * The columns of the data, in the order of the fields. A field named like a column of the envelope, or like one of `leading`, gets `data_` in
 * front.
 */
export function dataColumnsOf(fields: readonly AvroField[], leading: readonly Column[] = []): readonly DataColumn[] {
  const isTaken = (name: string) => reserved.has(name) || leading.some((column) => column.name === name);
  return fields.map((field) => ({
    name: isTaken(field.name) ? `data_${field.name}` : field.name,
    type: columnTypeOf(field.type),
    // An added field is absent in older events, so only the reader's schema may promise a value, never the table.
    notNull: false,
    comment: field.doc,
    ...(field.pii === undefined ? {} : { pii: field.pii }),
    field,
  }));
}

/** `driver.location` is stored in the table `driver_location` of the schema `events`. */
export function tableNameOf(eventType: string): string {
  return eventType.replaceAll(".", "_");
}

/** Logical types that have a type of their own in Postgres; a logical type stands on one Avro type only, so its name is enough. */
const logicalColumns: Readonly<Record<string, ColumnType>> = {
  "timestamp-millis": "timestamptz",
  "timestamp-micros": "timestamptz",
  "local-timestamp-millis": "timestamp",
  "local-timestamp-micros": "timestamp",
  date: "date",
  "time-millis": "time",
  "time-micros": "time",
  uuid: "uuid",
};

/** The column type of an Avro type; what has no type of its own in SQL is jsonb. */
export function columnTypeOf(type: AvroType): ColumnType {
  switch (type.kind) {
    case "boolean":
      return "boolean";
    case "int":
      return logicalColumns[type.logical ?? ""] ?? "integer";
    case "long":
      return logicalColumns[type.logical ?? ""] ?? "bigint";
    case "float":
    case "double":
      return "double precision";
    case "string":
      return logicalColumns[type.logical ?? ""] ?? "text";
    case "enum":
      return "text";
    case "bytes":
    case "fixed":
      return type.decimal === undefined ? "bytea" : "numeric";
    case "union": {
      const values = type.branches.filter((branch) => branch.kind !== "null");
      return values.length === 1 && values[0] !== undefined ? columnTypeOf(values[0]) : "jsonb";
    }
    case "null":
    case "array":
    case "map":
    case "record":
      return "jsonb";
  }
}
