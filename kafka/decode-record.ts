import { RawHeaders, readBytes, readVarInt, readVarLong } from "./record-format.ts";

/** What kafkajs knows about the batch around a record. */
export type BatchContext = {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp?: string;
  readonly magicByte: number;
  readonly isControlBatch?: boolean;
  readonly timestampType?: number;
};

const logAppendTime = 1;

/** Header names repeat in every record: looking one up costs less than making its text again. Bounded. */
const headerNames = createNameCache(256);

function createNameCache(limit: number) {
  const known = new Map<number, { readonly bytes: Buffer; readonly name: string }>();
  const same = (bytes: Buffer, start: number, other: Buffer) => {
    for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
    return true;
  };
  return {
    at(bytes: Buffer, start: number, size: number): string {
      const hash = (size << 16) | ((bytes[start + size - 1] ?? 0) << 8) | (bytes[start + size - 2] ?? 0);
      const entry = known.get(hash);
      if (entry !== undefined && entry.bytes.length === size && same(bytes, start, entry.bytes)) return entry.name;
      const name = bytes.toString("utf8", start, start + size);
      if (entry === undefined && known.size < limit)
        known.set(hash, { bytes: Buffer.from(bytes.subarray(start, start + size)), name });
      return name;
    },
  };
}

type Headers = Record<string, Buffer | null | (Buffer | null)[]>;

/**
 * A record as kafkajs carries it. Headers are decoded when they are asked for, and anew each time: most of a record's objects are its
 * headers, and whoever keeps a record until it is stored should not keep them.
 */
export class FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly rawHeaders: RawHeaders;
  readonly batchContext: BatchContext;
  readonly #timestampDelta: number;

  constructor(body: Buffer, context: BatchContext) {
    const reader = { bytes: body, at: 1 };
    this.#timestampDelta = readVarLong(reader);
    this.offset = addToDecimal(context.firstOffset, readVarInt(reader));
    this.key = readBytes(reader);
    this.value = readBytes(reader);
    this.rawHeaders = new RawHeaders(body.subarray(reader.at));
    this.batchContext = context;
  }

  get timestamp(): string {
    const { timestampType, maxTimestamp, firstTimestamp } = this.batchContext;
    const appended = timestampType === logAppendTime && maxTimestamp !== undefined;
    return appended ? maxTimestamp : addToDecimal(firstTimestamp, this.#timestampDelta);
  }

  get headers(): Headers {
    const headers: Headers = {};
    const reader = { bytes: this.rawHeaders.bytes, at: 0 };
    for (let left = readVarInt(reader); left > 0; left--) {
      const nameSize = readVarInt(reader);
      const name = headerNames.at(reader.bytes, reader.at, nameSize);
      reader.at += nameSize;
      addHeader(headers, name, readBytes(reader));
    }
    return headers;
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch ?? false;
  }

  get magicByte(): number {
    return this.batchContext.magicByte;
  }
}

/** Decodes what stands behind a record's length; `decoder` is kafkajs's, holding just these bytes. */
export function decodeRecord(decoder: { readonly buffer: Buffer }, context: BatchContext): FetchedRecord {
  return new FetchedRecord(decoder.buffer, context);
}

function addHeader(
  headers: Record<string, Buffer | null | (Buffer | null)[]>,
  name: string,
  value: Buffer | null,
): void {
  const before = headers[name];
  // A plain assignment to __proto__ would change the object instead of adding a header.
  if (name === "__proto__") return;
  if (before === undefined) headers[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else headers[name] = [before, value];
}

/** Decimal text plus a small number; the sum fits a double up to 15 digits, which no real offset or time exceeds. */
function addToDecimal(base: string, delta: number): string {
  return base.length <= 15 ? String(Number(base) + delta) : String(BigInt(base) + BigInt(delta));
}
