import avro from "avsc";
import type { AvroRecord } from "./avro-json.ts";
import { compileChecker } from "./checker.ts";
import { parseShape, type RecordShape } from "./shape.ts";
import { TimestampMillis } from "./timestamps.ts";
import { explainViolations, type Violation } from "./violations.ts";

/** Bytes in front of the Avro body: a zero and the schema id as a big-endian int32. */
export const framingBytes = 5;
/** Longer records are refused before they are read. Ingest accepts far shorter events. */
export const maxRecordBytes = 1_048_576;

const none: readonly Violation[] = [];

/** Checks and writes values of one schema. */
export type Codec = {
  readonly shape: RecordShape;
  readonly avroType: avro.Type;
  check(value: unknown): readonly Violation[];
  /** Framed bytes of a value that `check` found valid. */
  encode(schemaId: number, value: unknown): Buffer;
};

/** Where values are written before their length is known; shared, as each write is copied out at once. */
export type Scratch = { bytes: Buffer };

export function createScratch(): Scratch {
  return { bytes: Buffer.allocUnsafeSlow(16_384) };
}

export function createCodec(schema: AvroRecord, scratch: Scratch): Codec {
  const shape = parseShape(schema);
  const avroType = avroTypeOf(schema);
  const isValid = compileChecker(shape);
  return {
    shape,
    avroType,
    check: (value) => (isValid(value) ? none : explainViolations(shape, value)),
    encode: (schemaId, value) => writeFramed(avroType, schemaId, value, scratch),
  };
}

/** avsc's type of a schema; with it timestamps may be RFC 3339 text. */
export function avroTypeOf(schema: AvroRecord): avro.Type {
  return avro.Type.forSchema(schema as unknown as avro.Schema, {
    logicalTypes: { "timestamp-millis": TimestampMillis },
  });
}

/** avsc's type as the schema says, for comparing versions: resolvers do not see through logical types. */
export function plainTypeOf(schema: AvroRecord): avro.Type {
  return avro.Type.forSchema(schema as unknown as avro.Schema);
}

function writeFramed(type: avro.Type, schemaId: number, value: unknown, scratch: Scratch): Buffer {
  let end = type.encode(value, scratch.bytes, framingBytes);
  if (end < 0) {
    scratch.bytes = Buffer.allocUnsafeSlow(2 * (scratch.bytes.length - end));
    end = type.encode(value, scratch.bytes, framingBytes);
  }
  return frame(schemaId, scratch.bytes, end);
}

/** A copy of the first `end` bytes with the framing written over the first five. */
export function frame(schemaId: number, bytes: Buffer, end: number): Buffer {
  const framed = Buffer.allocUnsafe(end);
  bytes.copy(framed, 0, 0, end);
  framed[0] = 0;
  framed.writeInt32BE(schemaId, 1);
  return framed;
}

/** The schema id of framed bytes; undefined when they are not framed. */
export function schemaIdIn(bytes: Buffer): number | undefined {
  return bytes.length < framingBytes || bytes[0] !== 0 ? undefined : bytes.readInt32BE(1);
}
