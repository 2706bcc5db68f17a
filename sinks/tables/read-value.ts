import { type AvroReader, symbolOf, unreadable } from "../postgres/avro-reader.ts";
import type { AvroField, AvroType } from "../postgres/avro-type.ts";

/**
 * The fields of a record as values that transforms can work with: a long beyond 2^53 is a bigint, bytes are a Buffer of their own.
 * @throws PipelineError sink_record_unreadable
 */
export function readFields(from: AvroReader, fields: readonly AvroField[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, readExactly(from, type)]));
}

function readExactly(from: AvroReader, type: AvroType): unknown {
  switch (type.kind) {
    case "long":
      return readLong(from);
    case "bytes":
      return Buffer.from(from.raw(from.length()));
    case "fixed":
      return Buffer.from(from.raw(type.size));
    case "enum":
      return symbolOf(type.symbols, from.int());
    case "union": {
      const branch = type.branches[from.int()];
      if (branch === undefined) throw unreadable("a union has no such branch");
      return readExactly(from, branch);
    }
    case "record":
      return readFields(from, type.fields);
    default:
      return from.value(type);
  }
}

function readLong(from: AvroReader): number | bigint {
  from.long();
  const number = from.high * 4_294_967_296 + (from.low >>> 0);
  return Number.isSafeInteger(number) ? number : (BigInt(from.high) << 32n) | BigInt(from.low >>> 0);
}
