/**
 * One record inside a Kafka record batch (format 2), in one pass over one buffer. kafkajs builds each header and each number
 * in a buffer of its own, which costs most of the time of a record with the envelope in its headers.
 * Source: https://kafka.apache.org/documentation/#record. test/kafka/record-format.test.ts holds both directions byte for
 * byte against kafkajs's own.
 */

/** As kafkajs hands it to its record encoder. */
export type EncodableRecord = {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>> | RawHeaders;
};

type Bytes = Buffer | string | null | undefined;
const slabBytes = 256 * 1024;

/**
 * An encoded record: a piece of a larger buffer. It has what kafkajs's record batch asks of an encoder. Records that were encoded one
 * after the other mostly lie side by side, so that whoever joins them can copy many at once.
 */
export class EncodedRecord {
  readonly slab: Buffer;
  readonly start: number;
  readonly end: number;

  constructor(slab: Buffer, start: number, end: number) {
    this.slab = slab;
    this.start = start;
    this.end = end;
  }

  get buffer(): Buffer {
    return this.slab.subarray(this.start, this.end);
  }

  get buf(): Buffer {
    return this.buffer;
  }

  size(): number {
    return this.end - this.start;
  }
}

/** Most records are 64 bytes to 8 KiB long, and their length in front takes two bytes. */
const usualLengthBytes = 2;
const mostLengthBytes = 5;

/** Returns an encoder that cuts records from large buffers, as allocating one for each record is slow. */
export function createRecordEncoder(): (record: EncodableRecord) => EncodedRecord {
  let slab = Buffer.allocUnsafe(0);
  let used = 0;

  return ({ offsetDelta = 0, timestampDelta = 0, key, value, headers }) => {
    const most = mostLengthBytes + 1 + 10 + 5 + mostBytes(key) + mostBytes(value) + mostBytesOfHeaders(headers);
    if (slab.length - used < most) {
      slab = Buffer.allocUnsafe(Math.max(slabBytes, most));
      used = 0;
    }
    const start = used;
    const body = start + usualLengthBytes;
    let at = body;
    slab[at++] = 0; // attributes: none are defined
    at = writeVarLong(slab, at, timestampDelta);
    at = writeVarInt(slab, at, offsetDelta);
    at = writeBytes(slab, at, key);
    at = writeBytes(slab, at, value);
    at = writeHeaders(slab, at, headers);
    const lengthBytes = sizeOfVarInt(at - body);
    if (lengthBytes !== usualLengthBytes) slab.copyWithin(start + lengthBytes, body, at);
    writeVarInt(slab, start, at - body);
    used = at + lengthBytes - usualLengthBytes;
    return new EncodedRecord(slab, start, used);
  };
}

function mostBytesOfHeaders(headers: EncodableRecord["headers"]): number {
  if (headers instanceof RawHeaders) return headers.bytes.length;
  let most = 5;
  for (const name in headers) {
    const content = headers[name];
    if (!Array.isArray(content)) most += mostBytes(name) + mostBytes(content);
    else for (const one of content) most += mostBytes(name) + mostBytes(one);
  }
  return most;
}

function writeHeaders(out: Buffer, start: number, headers: EncodableRecord["headers"]): number {
  if (headers instanceof RawHeaders) {
    out.set(headers.bytes, start);
    return start + headers.bytes.length;
  }
  let count = 0;
  for (const name in headers) {
    const content = headers[name];
    count += Array.isArray(content) ? content.length : 1;
  }
  let at = writeVarInt(out, start, count);
  for (const name in headers) {
    const content = headers[name];
    // A name with several contents stands before each of them.
    for (const one of Array.isArray(content) ? content : [content])
      at = writeBytes(out, writeBytes(out, at, name), one);
  }
  return at;
}

/** The most bytes that a text or buffer may take with its length in front. */
function mostBytes(value: Bytes): number {
  return value === null || value === undefined ? 1 : 5 + (typeof value === "string" ? 3 * value.length : value.length);
}

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

/** The headers of a record as they stand in it: handing them on costs one copy. */
export class RawHeaders {
  readonly bytes: Buffer;

  /** @param bytes from the number of headers to the end of the last one. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
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

const zigZag = (value: number) => (value << 1) ^ (value >> 31);

function sizeOfVarInt(value: number): number {
  return sizeOfUnsigned(zigZag(value) >>> 0);
}

function sizeOfUnsigned(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

function writeVarInt(out: Buffer, at: number, value: number): number {
  let rest = zigZag(value) >>> 0;
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Timestamp deltas are almost always below 2^30 ms (12 days); only what is above needs 64 bits. */
const fitsVarInt = (value: number) => value >= -0x40000000 && value < 0x40000000;

function writeVarLong(out: Buffer, at: number, value: number): number {
  if (fitsVarInt(value)) return writeVarInt(out, at, value);
  let rest = zigZag64(value);
  while (rest >= 0x80n) {
    out[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  out[at++] = Number(rest);
  return at;
}

function zigZag64(value: number): bigint {
  const wide = BigInt(value);
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
}

function writeBytes(out: Buffer, at: number, value: Bytes): number {
  if (value === null || value === undefined) return writeVarInt(out, at, -1);
  if (typeof value === "string") return writeText(out, at, value);
  const start = writeVarInt(out, at, value.length);
  out.set(value, start);
  return start + value.length;
}

/** Below this length, and in ASCII, a loop is faster than the call into native code. */
const shortText = 64;

function writeText(out: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length <= shortText) {
    const start = writeVarInt(out, at, length);
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      out[start + i] = code;
    }
    if (i === length) return start + length;
  }
  const size = Buffer.byteLength(text);
  const start = writeVarInt(out, at, size);
  out.write(text, start, size, "utf8");
  return start + size;
}

type Reader = { readonly bytes: Buffer; at: number };

function readVarInt(reader: Reader): number {
  let raw = 0;
  let shift = 0;
  let byte: number;
  do {
    byte = reader.bytes[reader.at++] ?? 0;
    raw |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80 && shift < 35);
  return (raw >>> 1) ^ -(raw & 1);
}

function readVarLong(reader: Reader): number {
  const start = reader.at;
  let end = start;
  while ((reader.bytes[end] ?? 0) >= 0x80) end++;
  // Up to four bytes hold 28 bits, which the fast path reads without overflow.
  if (end - start < 4) return readVarInt(reader);
  let raw = 0n;
  for (let i = end; i >= start; i--) raw = (raw << 7n) | BigInt((reader.bytes[i] ?? 0) & 0x7f);
  reader.at = end + 1;
  return Number((raw >> 1n) ^ -(raw & 1n));
}

function readBytes(reader: Reader): Buffer | null {
  const size = readVarInt(reader);
  if (size < 0) return null;
  const bytes = reader.bytes.subarray(reader.at, reader.at + size);
  reader.at += size;
  return bytes;
}
