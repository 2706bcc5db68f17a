/**
 * The pieces that a record inside a Kafka record batch (format 2) is made of: numbers of varying length, and bytes behind their length.
 * Source: https://kafka.apache.org/documentation/#record
 */

export type Bytes = Buffer | string | null | undefined;

/** The headers of a record as they stand in it: handing them on costs one copy. */
export class RawHeaders {
  readonly bytes: Buffer;

  /** @param bytes from the number of headers to the end of the last one. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

const zigZag = (value: number) => (value << 1) ^ (value >> 31);

/** The bytes that {@link writeVarInt} will write. */
export function sizeOfVarInt(value: number): number {
  return sizeOfUnsigned(zigZag(value) >>> 0);
}

function sizeOfUnsigned(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

/** Zigzag and seven bits a byte, lowest first. @returns where the next byte goes, as all writers here. */
export function writeVarInt(out: Buffer, at: number, value: number): number {
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

/** As {@link writeVarInt}, for numbers of more than 32 bits. */
export function writeVarLong(out: Buffer, at: number, value: number): number {
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

/** The length, then the bytes; length -1 for what is missing. */
export function writeBytes(out: Buffer, at: number, value: Bytes): number {
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

/** Bytes with the place of what is read next. */
export type Reader = { readonly bytes: Buffer; at: number };

/** The reverse of {@link writeVarInt}. */
export function readVarInt(reader: Reader): number {
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

/** The reverse of {@link writeVarLong}. */
export function readVarLong(reader: Reader): number {
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

/** The reverse of {@link writeBytes}: a view, not a copy. */
export function readBytes(reader: Reader): Buffer | null {
  const size = readVarInt(reader);
  if (size < 0) return null;
  const bytes = reader.bytes.subarray(reader.at, reader.at + size);
  reader.at += size;
  return bytes;
}
