import { type AvroReader, symbolOf, unreadable } from "./avro-reader.ts";
import type { AvroType } from "./avro-type.ts";
import type { ColumnType } from "./columns.ts";
import { unscaledOf, writeDate, writeNumeric, writeTime, writeUuid } from "./logical-types.ts";
import { RowBuffer } from "./row-buffer.ts";

/** Moves one field from Avro bytes to COPY bytes. @throws PipelineError sink_record_unreadable, sink_value_out_of_range */
export type FieldWriter = (from: AvroReader, to: RowBuffer) => void;

/**
 * The writer for a field of a (writer's) Avro type into a column. Takes every promotion that Avro's schema resolution has, so that
 * records of all versions of a schema go into one table.
 * @returns undefined when values of the type cannot go into the column
 */
export function fieldWriterOf(type: AvroType, column: ColumnType): FieldWriter | undefined {
  if (type.kind === "union") return unionWriter(type.branches, column);
  if (type.kind === "null") return (_from, to) => to.null();
  switch (column) {
    case "jsonb":
      return (from, to) => to.json(from.value(type));
    case "text":
      return textWriter(type);
    case "bytea":
      return bytesWriter(type);
    case "boolean":
      return type.kind === "boolean" ? (from, to) => to.boolean(from.bytes[from.at++] === 1) : undefined;
    case "integer":
      return type.kind === "int" ? (from, to) => to.integer(from.int()) : undefined;
    case "bigint":
      if (type.kind !== "long" && type.kind !== "int") return undefined;
      return (from, to) => {
        from.long();
        to.bigint(from.high, from.low);
      };
    case "double precision":
      return doubleWriter(type);
    case "timestamptz":
    case "timestamp":
      return timestampWriter(type);
    case "date":
      return type.kind === "int" ? (from, to) => writeDate(from.int(), to) : undefined;
    case "time":
      return timeWriter(type);
    case "uuid":
      return type.kind === "string" ? (from, to) => writeUuid(from.text(), to) : undefined;
    case "numeric":
      return numericWriter(type);
  }
}

function timeWriter(type: AvroType): FieldWriter | undefined {
  if (type.kind === "int") return (from, to) => writeTime(BigInt(from.int()) * 1_000n, to);
  if (type.kind !== "long") return undefined;
  return (from, to) => writeTime(BigInt(from.longNumber()), to);
}

function numericWriter(type: AvroType): FieldWriter | undefined {
  if ((type.kind !== "bytes" && type.kind !== "fixed") || type.decimal === undefined) return undefined;
  const { scale } = type.decimal;
  return (from, to) => writeNumeric(unscaledOf(from.raw(type.kind === "fixed" ? type.size : from.length())), scale, to);
}

/** The COPY bytes of a default value, for columns that a writer's schema lacks; a field without a default is null. */
export function defaultFieldOf(value: unknown, column: ColumnType, type?: AvroType): Buffer {
  const row = new RowBuffer(64);
  const logical = type === undefined || value === undefined || value === null ? undefined : logicalDefault(value, type);
  if (logical !== undefined) {
    logical(row);
    return Buffer.from(row.bytes.subarray(0, row.at));
  }
  if (value === undefined || value === null) row.null();
  else if (column === "jsonb") row.json(value);
  else if (column === "boolean") row.boolean(value === true);
  else if (column === "integer") row.integer(Number(value));
  else if (column === "double precision") row.double(Number(value));
  else if (column === "timestamptz") row.timestamp(Number(value));
  else if (column === "bigint") {
    const bits = BigInt(value as number);
    row.bigint(Number(BigInt.asIntN(32, bits >> 32n)), Number(BigInt.asIntN(32, bits)));
  } else if (column === "bytea") {
    const bytes = Buffer.from(String(value), "latin1");
    row.bytea(bytes, 0, bytes.length);
  } else row.text(String(value));
  return Buffer.from(row.bytes.subarray(0, row.at));
}

/** How the default of a type with a point, a date or a UUID is written; undefined for the others. */
function logicalDefault(value: unknown, declared: AvroType): ((to: RowBuffer) => void) | undefined {
  // The default of a union is one of its first branch.
  const type = declared.kind === "union" ? declared.branches[0] : declared;
  if (type === undefined) return undefined;
  if ((type.kind === "bytes" || type.kind === "fixed") && type.decimal !== undefined) {
    const { scale } = type.decimal;
    return (to) => writeNumeric(unscaledOf(Buffer.from(String(value), "latin1")), scale, to);
  }
  if (type.kind !== "int" && type.kind !== "long" && type.kind !== "string") return undefined;
  switch (type.logical) {
    case "date":
      return (to) => writeDate(Number(value), to);
    case "time-millis":
      return (to) => writeTime(BigInt(value as number) * 1_000n, to);
    case "time-micros":
      return (to) => writeTime(BigInt(value as number), to);
    case "timestamp-micros":
    case "local-timestamp-micros":
      return (to) => to.timestamp(Math.floor(Number(value) / 1_000), ((Number(value) % 1_000) + 1_000) % 1_000);
    case "local-timestamp-millis":
      return (to) => to.timestamp(Number(value));
    case "uuid":
      return (to) => writeUuid(String(value), to);
    default:
      return undefined;
  }
}

function unionWriter(branches: readonly AvroType[], column: ColumnType): FieldWriter | undefined {
  const writers = branches.map((branch) => fieldWriterOf(branch, column));
  if (writers.includes(undefined)) return undefined;
  return (from, to) => {
    const writer = writers[from.int()];
    if (writer === undefined) throw unreadable("a union has no such branch");
    writer(from, to);
  };
}

function textWriter(type: AvroType): FieldWriter | undefined {
  if (type.kind === "enum") {
    const fields = type.symbols.map((symbol) => defaultFieldOf(symbol, "text"));
    return (from, to) => {
      const index = from.int();
      to.raw(fields[index] ?? defaultFieldOf(symbolOf(type.symbols, index), "text"));
    };
  }
  if (type.kind !== "string" && type.kind !== "bytes") return undefined;
  return (from, to) => {
    const length = from.length();
    to.textFrom(from.bytes, from.at, length);
    from.at += length;
  };
}

function bytesWriter(type: AvroType): FieldWriter | undefined {
  if (type.kind !== "bytes" && type.kind !== "fixed" && type.kind !== "string") return undefined;
  return (from, to) => {
    const bytes = from.raw(type.kind === "fixed" ? type.size : from.length());
    to.bytea(bytes, 0, bytes.length);
  };
}

function doubleWriter(type: AvroType): FieldWriter | undefined {
  switch (type.kind) {
    case "double":
      return (from, to) => {
        from.at += 8;
        if (from.at > from.end) throw unreadable("the record is cut short");
        to.doubleFrom(from.bytes, from.at - 8);
      };
    case "float":
      return (from, to) => to.double(from.float());
    case "int":
    case "long":
      return (from, to) => to.double(from.longNumber());
    default:
      return undefined;
  }
}

function timestampWriter(type: AvroType): FieldWriter | undefined {
  if (type.kind !== "long" && type.kind !== "int") return undefined;
  if (type.kind === "long" && (type.logical ?? "").endsWith("timestamp-micros")) {
    return (from, to) => {
      from.long();
      const micros = (BigInt(from.high) << 32n) | BigInt(from.low >>> 0);
      const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
      to.timestamp(Number((micros - rest) / 1_000n), Number(rest));
    };
  }
  return (from, to) => to.timestamp(from.longNumber());
}
