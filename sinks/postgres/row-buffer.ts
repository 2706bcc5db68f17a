import { PipelineError } from "../../runtime/index.ts";

/** What begins binary COPY data: signature, no flags, no extension. Source: PostgreSQL manual, COPY, "Binary Format". */
export const copyHeader: Buffer = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
/** What ends it: a field count of -1. */
export const copyTrailer: Buffer = Buffer.from("ffff", "hex");

/** Text of Postgres cannot hold the character NUL; it is stored as U+2400, the symbol for it. */
export const symbolForNul = "\u2400";

/** 2000-01-01 in milliseconds since 1970: where Postgres counts its microseconds from. */
const epochMs = 946_684_800_000;
/** The first and the first impossible millisecond of timestamptz, counted from 2000: 4713 BC and 294277 AD. */
const minMs = -211_813_488_000_000;
const endMs = 9_223_371_331_200_000;

/**
 * Rows in the binary COPY format, in one buffer that grows. Each field method writes the length and the value, in network byte
 * order. After {@link RowBuffer.abandonRow} the row under way was never there.
 */
export class RowBuffer {
  bytes: Buffer;
  at = 0;
  rowStart = 0;

  constructor(size = 256 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + size));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  startRow(fields: number): void {
    this.rowStart = this.at;
    this.reserve(2);
    this.bytes[this.at++] = fields >>> 8;
    this.bytes[this.at++] = fields & 0xff;
  }

  abandonRow(): void {
    this.at = this.rowStart;
  }

  null(): void {
    this.reserve(4);
    this.int32(-1);
  }

  nulls(count: number): void {
    this.reserve(4 * count);
    // The length -1.
    for (let i = 4 * count; i > 0; i--) this.bytes[this.at++] = 0xff;
  }

  boolean(value: boolean): void {
    this.reserve(5);
    this.int32(1);
    this.bytes[this.at++] = value ? 1 : 0;
  }

  integer(value: number): void {
    this.reserve(8);
    this.int32(4);
    this.int32(value);
  }

  bigint(high: number, low: number): void {
    this.reserve(12);
    this.int32(8);
    this.int32(high);
    this.int32(low);
  }

  double(value: number): void {
    this.reserve(12);
    this.int32(8);
    this.bytes.writeDoubleBE(value, this.at);
    this.at += 8;
  }

  /** Eight bytes of a little-endian double as they lie in the source. */
  doubleFrom(source: Buffer, from: number): void {
    this.reserve(12);
    this.int32(8);
    const { bytes } = this;
    let at = this.at;
    for (let i = from + 7; i >= from; i--) bytes[at++] = source[i] as number;
    this.at = at;
  }

  /** @param micros 0 to 999, behind the millisecond. @throws PipelineError sink_value_out_of_range */
  timestamp(ms: number, micros = 0): void {
    const since = ms - epochMs;
    if (!(since >= minMs && since < endMs)) {
      throw new PipelineError("sink_value_out_of_range", {
        message: "a time lies outside of what Postgres stores",
        fields: { ms },
      });
    }
    const total = since * 1_000 + micros;
    if (Number.isSafeInteger(total)) {
      const high = Math.floor(total / 4_294_967_296);
      this.bigint(high, total - high * 4_294_967_296);
    } else {
      const exact = BigInt(since) * 1_000n + BigInt(micros);
      this.bigint(Number(exact >> 32n), Number(exact & 0xffff_ffffn));
    }
  }

  bytea(source: Buffer, from: number, length: number): void {
    this.reserve(4 + length);
    this.int32(length);
    source.copy(this.bytes, this.at, from, from + length);
    this.at += length;
  }

  /** UTF-8 as it lies in the source, with NUL replaced by {@link symbolForNul}. */
  textFrom(source: Buffer, from: number, length: number): void {
    this.reserve(4 + length * 3);
    const { bytes } = this;
    const lengthAt = this.at;
    let at = lengthAt + 4;
    const end = from + length;
    // For short text a loop is faster than the call of copy.
    for (let i = from; i < end; i++) {
      const byte = source[i] as number;
      if (byte === 0) {
        bytes[at++] = 0xe2;
        bytes[at++] = 0x90;
        bytes[at++] = 0x80;
      } else {
        bytes[at++] = byte;
      }
    }
    this.at = lengthAt;
    this.int32(at - lengthAt - 4);
    this.at = at;
  }

  text(value: string): void {
    const source = Buffer.from(value);
    this.textFrom(source, 0, source.length);
  }

  /** jsonb in its binary form: a version byte and the text. */
  json(value: unknown): void {
    const text = Buffer.from(JSON.stringify(value, escapeNul));
    this.reserve(5 + text.length);
    this.int32(text.length + 1);
    this.bytes[this.at++] = 1;
    text.copy(this.bytes, this.at);
    this.at += text.length;
  }

  /** A field that was written elsewhere, with its length. */
  raw(field: Buffer): void {
    this.reserve(field.length);
    field.copy(this.bytes, this.at);
    this.at += field.length;
  }

  private int32(value: number): void {
    const { bytes } = this;
    let at = this.at;
    bytes[at++] = value >>> 24;
    bytes[at++] = (value >>> 16) & 0xff;
    bytes[at++] = (value >>> 8) & 0xff;
    bytes[at++] = value & 0xff;
    this.at = at;
  }
}

function escapeNul(_key: string, value: unknown): unknown {
  if (typeof value === "string") return withoutNul(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.includes("\0"))) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [withoutNul(key), item]));
}

const withoutNul = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", symbolForNul) : text);
