import type { SchemaElement } from "hyparquet-writer";
import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import { type ColumnType, type DataColumn, envelopeColumns } from "../postgres/columns.ts";
import { decimalText, unscaledOf } from "../postgres/logical-types.ts";
import { type Instant, readRfc3339 } from "../postgres/rfc3339.ts";

/** One event on its way into a file. */
export type LakeEvent = {
  readonly record: KafkaRecord;
  readonly headers: KafkaRecord["headers"];
  readonly partition: number;
  readonly schemaId: number;
  readonly occurredAt: Instant;
  /** The decoded data, in the fields of the newest schema. */
  readonly data: Readonly<Record<string, unknown>>;
};

/** A column of a Parquet file: its name and type there, and where its value comes from; null where there is none. */
export type LakeColumn = {
  readonly element: SchemaElement;
  readonly pick: (event: LakeEvent) => unknown;
};

/** Parquet's counterpart of a column type of the event tables, so that an analyst finds the same in both. */
const parquetTypes: Readonly<Record<ColumnType, Partial<SchemaElement>>> = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  jsonb: { type: "BYTE_ARRAY", converted_type: "JSON", logical_type: { type: "JSON" } },
  bytea: { type: "BYTE_ARRAY" },
  bigint: { type: "INT64" },
  integer: { type: "INT32" },
  "double precision": { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
  uuid: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  // As text: a decimal of any size, and every reader can cast it.
  numeric: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  date: { type: "INT32", converted_type: "DATE" },
  time: { type: "INT64", logical_type: { type: "TIME", isAdjustedToUTC: false, unit: "MICROS" } },
  timestamp: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" } },
  timestamptz: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" } },
};

/** Where the record stands in Kafka: what tells two copies of one event apart. */
const places: readonly LakeColumn[] = [
  { element: elementOf("kafka_partition", "integer", true), pick: ({ partition }) => partition },
  { element: elementOf("kafka_offset", "bigint", true), pick: ({ record }) => BigInt(record.offset) },
];

const envelopeValues: Readonly<Record<string, (event: LakeEvent) => unknown>> = {
  event_id: ({ headers }) => headerText({ headers }, "ce_id") ?? null,
  occurred_at: ({ occurredAt }) => BigInt(occurredAt.ms) * 1_000n + BigInt(occurredAt.micros),
  received_at: ({ headers, record }) => microsOf(Number(headerText({ headers }, "received_at") ?? record.timestamp)),
  source: ({ headers }) => headerText({ headers }, "ce_source") ?? null,
  subject: ({ headers }) => headerText({ headers }, "ce_subject") ?? null,
  schema_id: ({ schemaId }) => schemaId,
  time_corrected: ({ headers }) => microsOf(Number(headerText({ headers }, "time_corrected") ?? Number.NaN)),
  time_error_ms: ({ headers }) => integerOf(Number(headerText({ headers }, "time_error_ms") ?? Number.NaN)),
  time_flag: ({ headers }) => headerText({ headers }, "time_flag") ?? null,
};

/** The columns of a type's files: those of its table in Postgres, in the same order, then the place in Kafka. */
export function lakeColumns(columns: readonly DataColumn[]): readonly LakeColumn[] {
  const envelope = envelopeColumns.map(({ name, type, notNull }) => {
    const pick = envelopeValues[name];
    if (pick === undefined) throw new Error(`the lake has no value for the column ${name}`);
    return { element: elementOf(name, type, notNull), pick };
  });
  return [...envelope, ...columns.map(dataColumn), ...places];
}

function dataColumn({ name, type, field }: DataColumn): LakeColumn {
  const convert = converterOf(type, field.type);
  const pick = ({ data }: LakeEvent) => {
    const value = data[field.name];
    return value === null || value === undefined ? null : convert(value);
  };
  return { element: elementOf(name, type, false), pick };
}

function converterOf(type: ColumnType, avro: DataColumn["field"]["type"]): (value: unknown) => unknown {
  const inner = avro.kind === "union" ? (avro.branches.find(({ kind }) => kind !== "null") ?? avro) : avro;
  const isMicros = "logical" in inner && inner.logical?.endsWith("-micros") === true;
  switch (type) {
    case "bigint":
      return (value) => BigInt(value as number);
    case "timestamp":
    case "timestamptz":
    case "time":
      return isMicros ? (value) => BigInt(value as number) : (value) => microsOf(value as number);
    case "date":
      return (value) => new Date((value as number) * 86_400_000);
    case "numeric": {
      const scale = "decimal" in inner ? (inner.decimal?.scale ?? 0) : 0;
      return (value) => decimalText(unscaledOf(value as Buffer), scale);
    }
    // jsonb as well: the writer of the file makes the text.
    default:
      return (value) => value;
  }
}

function elementOf(name: string, type: ColumnType, notNull: boolean): SchemaElement {
  return { name, ...parquetTypes[type], repetition_type: notNull ? "REQUIRED" : "OPTIONAL" };
}

const microsOf = (ms: number) => (Number.isSafeInteger(ms) ? BigInt(ms) * 1_000n : null);
const integerOf = (value: number) => (Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : null);

/** When the event happened, from its header; undefined when that is missing or no RFC 3339 time. */
export function occurredAtOf(headers: KafkaRecord["headers"]): Instant | undefined {
  const into: Instant = { ms: 0, micros: 0 };
  const time = headerText({ headers }, "ce_time");
  return time !== undefined && readRfc3339(time, into) ? into : undefined;
}
