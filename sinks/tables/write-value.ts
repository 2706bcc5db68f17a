import { PipelineError } from "../../runtime/index.ts";
import type { AvroType } from "../postgres/avro-type.ts";
import type { ColumnType } from "../postgres/columns.ts";
import { unscaledOf, writeDate, writeNumeric, writeTime, writeUuid } from "../postgres/logical-types.ts";
import type { RowBuffer } from "../postgres/row-buffer.ts";
import { plainTypeOf } from "../transforms/transform.ts";

/** Appends a value, as transforms leave it, as one field of a row. @throws PipelineError sink_value_out_of_range */
export type ValueWriter = (value: unknown, to: RowBuffer) => void;

/** The writer into a column of values of a (transformed) type; null and what is missing are null. */
export function valueWriterOf(column: ColumnType, type: AvroType): ValueWriter {
  const write = writerOf(column, type);
  return (value, to) => {
    if (value === null || value === undefined) to.null();
    else write(value, to);
  };
}

function writerOf(column: ColumnType, type: AvroType): ValueWriter {
  switch (column) {
    case "text":
      return (value, to) => to.text(typeof value === "string" ? value : String(value));
    case "boolean":
      return (value, to) => to.boolean(value === true);
    case "integer":
      return (value, to) => to.integer(within(value, -2_147_483_648, 2_147_483_647));
    case "bigint":
      return (value, to) => {
        const bits = BigInt(value as number | bigint);
        to.bigint(Number(BigInt.asIntN(32, bits >> 32n)), Number(BigInt.asIntN(32, bits)));
      };
    case "double precision":
      return (value, to) => to.double(Number(value));
    case "bytea":
      return (value, to) => {
        const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
        to.bytea(bytes, 0, bytes.length);
      };
    case "jsonb":
      return (value, to) => to.json(jsonOf(value));
    case "date":
      return (value, to) => writeDate(Number(value), to);
    case "time": {
      const factor = plainTypeOf(type)?.kind === "int" ? 1_000n : 1n;
      return (value, to) => writeTime(BigInt(value as number | bigint) * factor, to);
    }
    case "uuid":
      return (value, to) => writeUuid(String(value), to);
    case "numeric": {
      const plain = plainTypeOf(type);
      const scale = (plain?.kind === "bytes" || plain?.kind === "fixed" ? plain.decimal?.scale : undefined) ?? 0;
      return (value, to) => writeNumeric(unscaledOf(value as Buffer), scale, to);
    }
    case "timestamptz":
    case "timestamp": {
      const plain = plainTypeOf(type);
      if (plain?.kind !== "long" || plain.logical?.endsWith("timestamp-micros") !== true)
        return (value, to) => to.timestamp(Number(value));
      return (value, to) => {
        const micros = BigInt(value as number | bigint);
        const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
        to.timestamp(Number((micros - rest) / 1_000n), Number(rest));
      };
    }
  }
}

function within(value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new PipelineError("sink_value_out_of_range", { fields: { value: String(value).slice(0, 40) } });
}

/** What JSON.stringify takes: bytes become base64, as on the way without transforms. */
function jsonOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
}
