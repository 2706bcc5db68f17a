import { messageOf } from "../runtime/index.ts";
import type { AvroRecord } from "./avro-json.ts";
import { framingBytes, maxRecordBytes, plainTypeOf } from "./codec.ts";
import { type Catalogue, type EventType, schemaOf, type Variant } from "./event-type.ts";
import { compileReader, type Reader, selectFields } from "./reader.ts";
import type { Decoded, Projection, RowDecoder } from "./schemas.ts";
import { parseShape } from "./shape.ts";

export type Refusal = Extract<Decoded, { ok: false }>;

/** A decoder of one writer schema, and projections of it. */
export type SchemaDecoder = RowDecoder & {
  /** The schema as the registry has it. */
  readonly writer: AvroRecord;
  project(fieldNames: readonly string[]): Projection | undefined;
};

/**
 * Makes the decoder of what was written under `writer`; a refusal when the schema is of no type of the catalogue, is not safe to
 * read, or cannot be read as our version of its type.
 */
export function createDecoder(schemaId: number, writer: AvroRecord, catalogue: Catalogue): SchemaDecoder | Refusal {
  const fullName = writer.name.includes(".") ? writer.name : `${writer.namespace ?? ""}.${writer.name}`;
  const known = catalogue.records.get(fullName);
  const reader = known === undefined ? undefined : schemaOf(known.type, known.variant);
  if (known === undefined || reader === undefined) {
    return refuse(
      "record_type_unknown",
      `schema ${schemaId} is of the record ${fullName}, which is of no type known here`,
    );
  }
  try {
    return decoderOf(schemaId, writer, reader, known.type, known.variant);
  } catch (error) {
    return refuse("record_type_unknown", `schema ${schemaId} of ${fullName} cannot be read: ${messageOf(error)}`);
  }
}

function decoderOf(
  schemaId: number,
  writer: AvroRecord,
  reader: AvroRecord,
  type: EventType,
  variant: Variant,
): SchemaDecoder {
  const writerShape = parseShape(writer);
  const readerShape = parseShape(reader);
  const writerType = plainTypeOf(writer);
  const readerType = plainTypeOf(reader);
  // Throws when some value of the writer could not be read; our own reader does not check that again.
  readerType.createResolver(writerType);
  const read = compileReader(writerShape, readerShape);
  return {
    type,
    variant,
    schemaId,
    writer,
    current: readerType.fingerprint().equals(writerType.fingerprint()),
    decode(bytes) {
      if (bytes.length > maxRecordBytes) return tooLarge(bytes);
      const value = read(bytes, framingBytes);
      return value === undefined
        ? refuse(
            "record_bytes_invalid",
            `${bytes.length - framingBytes} bytes do not fit schema ${schemaId} (${type.name})`,
          )
        : { ok: true, type, variant, schemaId, value };
    },
    project(fieldNames) {
      const wanted = selectFields(readerShape, fieldNames);
      return wanted === undefined ? undefined : projectionOf(compileReader(writerShape, wanted));
    },
  };
}

function projectionOf(read: Reader): Projection {
  return (bytes) => (bytes.length > maxRecordBytes ? undefined : read(bytes, framingBytes));
}

export function tooLarge(bytes: Buffer): Refusal {
  return refuse("record_too_large", `${bytes.length} bytes, more than ${maxRecordBytes}`);
}

export function refuse(code: Refusal["code"], reason: string): Refusal {
  return { ok: false, code, reason };
}
