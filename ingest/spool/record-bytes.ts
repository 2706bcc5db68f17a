import { type OutgoingRecord, RawHeaders } from "../../kafka/index.ts";

/**
 * A record and its topic as bytes, for the disk: topic, partition, key, value, headers. Numbers are little-endian; texts and bytes stand
 * behind their length. {@link writeRecord} and {@link readRecord} are each other's inverse, but for texts, which come back as bytes.
 */
export type SpooledRecord = { readonly topic: string; readonly record: OutgoingRecord };

type Bytes = Buffer | string | null;

const none = 0xffff_ffff;
const noPartition = -1;
/** In the place of the number of headers: they follow as Kafka's own bytes. */
const rawHeaders = 0xffff;

/** The most bytes that {@link writeRecord} may need. */
export function mostBytesOf(topic: string, { key, value, headers = {} }: OutgoingRecord): number {
  let most = 2 + 3 * topic.length + 4 + 4 + mostOf(key) + 4 + mostOf(value) + 2;
  if (headers instanceof RawHeaders) return most + 4 + headers.bytes.length;
  for (const name in headers) most += 2 + 3 * name.length + 4 + mostOf(headers[name] ?? null);
  return most;
}

function mostOf(bytes: Bytes): number {
  if (bytes === null) return 0;
  return typeof bytes === "string" ? 3 * bytes.length : bytes.length;
}

/** Writes at `at`, where there must be {@link mostBytesOf}; gives where it ends. */
export function writeRecord(out: Buffer, at: number, topic: string, record: OutgoingRecord): number {
  const { key, value, headers = {}, partition = noPartition } = record;
  let end = writeName(out, at, topic);
  end = out.writeInt32LE(partition, end);
  end = writeBytes(out, end, key);
  end = writeBytes(out, end, value);
  if (headers instanceof RawHeaders) return writeBytes(out, out.writeUInt16LE(rawHeaders, end), headers.bytes);
  const counted = end;
  let count = 0;
  end += 2;
  for (const name in headers) {
    end = writeBytes(out, writeName(out, end, name), headers[name] ?? null);
    count++;
  }
  out.writeUInt16LE(count, counted);
  return end;
}

function writeName(out: Buffer, at: number, name: string): number {
  const size = out.write(name, at + 2, "utf8");
  out.writeUInt16LE(size, at);
  return at + 2 + size;
}

function writeBytes(out: Buffer, at: number, bytes: Bytes): number {
  if (bytes === null) return out.writeUInt32LE(none, at);
  const size = typeof bytes === "string" ? out.write(bytes, at + 4, "utf8") : bytes.copy(out, at + 4);
  out.writeUInt32LE(size, at);
  return at + 4 + size;
}

/** The bytes must be those of {@link writeRecord}, known to be whole by their checksum. Key, value and headers are views of them. */
export function readRecord(bytes: Buffer): SpooledRecord {
  const reader = { bytes, at: 0 };
  const topic = readName(reader);
  const partition = bytes.readInt32LE(reader.at);
  reader.at += 4;
  const key = readBytes(reader);
  const value = readBytes(reader);
  const count = bytes.readUInt16LE(reader.at);
  reader.at += 2;
  const headers = count === rawHeaders ? new RawHeaders(readBytes(reader) as Buffer) : readHeaders(reader, count);
  return { topic, record: { key, value, headers, ...(partition === noPartition ? {} : { partition }) } };
}

type Reader = { readonly bytes: Buffer; at: number };

function readHeaders(reader: Reader, count: number): Record<string, Buffer> {
  const headers: Record<string, Buffer> = {};
  for (let i = 0; i < count; i++) {
    const name = readName(reader);
    headers[name] = readBytes(reader) ?? Buffer.alloc(0);
  }
  return headers;
}

function readName(reader: Reader): string {
  const start = reader.at + 2;
  reader.at = start + reader.bytes.readUInt16LE(reader.at);
  return reader.bytes.toString("utf8", start, reader.at);
}

function readBytes(reader: Reader): Buffer | null {
  const size = reader.bytes.readUInt32LE(reader.at);
  const start = reader.at + 4;
  reader.at = size === none ? start : start + size;
  return size === none ? null : reader.bytes.subarray(start, reader.at);
}
