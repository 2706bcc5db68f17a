import { type Bytes, RawHeaders, sizeOfVarInt, writeBytes, writeVarInt, writeVarLong } from "./record-format.ts";

/** As kafkajs hands it to its record encoder. */
export type EncodableRecord = {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>> | RawHeaders;
};

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

/**
 * Returns an encoder of one record inside a Kafka record batch, in one pass over one buffer. kafkajs builds each header and each number
 * in a buffer of its own, which costs most of the time of a record with the envelope in its headers. Records are cut from large buffers,
 * as allocating one for each is slow. test/kafka/record-format.test.ts holds the bytes against kafkajs's own.
 */
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

/** Headers as they stand in a record. */
export function encodeHeaders(headers: EncodableRecord["headers"]): RawHeaders {
  if (headers instanceof RawHeaders) return headers;
  const bytes = Buffer.allocUnsafe(mostBytesOfHeaders(headers));
  return new RawHeaders(bytes.subarray(0, writeHeaders(bytes, 0, headers)));
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
