import type { AvroRecord } from "./avro-json.ts";
import { framingBytes, plainTypeOf } from "./codec.ts";
import type { EnrichmentFields, Stored } from "./types.ts";

/** What the stream processor adds to an event; null when it is not known. */
export type Enrichment = Stored<EnrichmentFields>;

/** Makes enriched records out of base records without decoding them: the enriched bytes are the base bytes and a tail. */
export type EnrichmentEncoder = {
  /** The encoded enrichment fields. */
  tail(enrichment: Enrichment): Buffer;
  /** Framed enriched bytes out of framed base bytes, which must be of our own version (`RowDecoder.current`). */
  append(base: Buffer, enrichment: Enrichment): Buffer;
};

/** `schemaId` is the one of the enriched record. */
export function createEnrichmentEncoder(enrichment: AvroRecord, schemaId: number): EnrichmentEncoder {
  const type = plainTypeOf(enrichment);
  let scratch = Buffer.allocUnsafeSlow(4_096);

  /** Writes the fields to the scratch buffer and returns where they end. */
  function write(values: Enrichment): number {
    let end = type.encode(values, scratch, 0);
    if (end < 0) {
      scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
      end = type.encode(values, scratch, 0);
    }
    return end;
  }

  return {
    tail: (values) => Buffer.from(scratch.subarray(0, write(values))),
    append(base, values) {
      const end = write(values);
      const framed = Buffer.allocUnsafe(base.length + end);
      base.copy(framed, framingBytes, framingBytes);
      scratch.copy(framed, base.length, 0, end);
      framed[0] = 0;
      framed.writeInt32BE(schemaId, 1);
      return framed;
    },
  };
}
