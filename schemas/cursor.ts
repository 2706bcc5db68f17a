import { isUtf8 } from "node:buffer";

/** Thrown inside a reader and caught at its edge. One object, since a stack trace costs more than the reading. */
export const badBytes = Object.freeze({ name: "BadBytes" });

/**
 * Reads Avro's binary encoding and checks each step against the end of the buffer, so that hostile bytes cost no more than honest
 * ones of the same length. Every method throws {@link badBytes} and nothing else.
 */
export class Cursor {
  private bytes: Buffer = Buffer.alloc(0);
  private position = 0;
  private end = 0;

  open(bytes: Buffer, position: number): void {
    this.bytes = bytes;
    this.position = position;
    this.end = bytes.length;
  }

  /** All bytes must have been read. */
  close(): void {
    if (this.position !== this.end) throw badBytes;
  }

  byte(): number {
    if (this.position >= this.end) throw badBytes;
    return this.bytes[this.position++] as number;
  }

  /** Zig-zag variable-length integer of up to 64 bits; beyond the safe integers it is refused. */
  long(): number {
    let byte = this.byte();
    let low = byte & 0x7f;
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    byte = this.byte();
    low |= (byte & 0x7f) << 7;
    if (byte >= 0x80) {
      byte = this.byte();
      low |= (byte & 0x7f) << 14;
      if (byte >= 0x80) {
        byte = this.byte();
        low |= (byte & 0x7f) << 21;
        if (byte >= 0x80) return this.wideLong(low);
      }
    }
    return (low >>> 1) ^ -(low & 1);
  }

  /** The rest of an integer of more than four bytes. Halves are kept apart, as their sum may not fit a number before the shift. */
  private wideLong(low: number): number {
    let high = 0;
    let factor = 1;
    for (let count = 5; ; count++) {
      if (count > 10) throw badBytes;
      const byte = this.byte();
      high += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    const magnitude = high * 0x8000000 + (low >>> 1);
    if (magnitude > Number.MAX_SAFE_INTEGER) throw badBytes;
    return (low & 1) === 0 ? magnitude : -magnitude - 1;
  }

  int(): number {
    const value = this.long();
    if ((value | 0) !== value) throw badBytes;
    return value;
  }

  /** An index below `count`: a branch of a union or a symbol of an enum. */
  index(count: number): number {
    const value = this.long();
    if (value < 0 || value >= count) throw badBytes;
    return value;
  }

  boolean(): boolean {
    const byte = this.byte();
    if (byte > 1) throw badBytes;
    return byte === 1;
  }

  double(): number {
    const value = this.bytes.readDoubleLE(this.take(8));
    if (!Number.isFinite(value)) throw badBytes;
    return value;
  }

  float(): number {
    const value = this.bytes.readFloatLE(this.take(4));
    if (!Number.isFinite(value)) throw badBytes;
    return value;
  }

  string(): string {
    const start = this.take(this.long());
    const text = this.bytes.toString("utf8", start, this.position);
    // Node puts a replacement character where the bytes are no UTF-8; it may also stand there rightly.
    if (text.includes("\ufffd") && !isUtf8(this.bytes.subarray(start, this.position))) throw badBytes;
    return text;
  }

  /** A copy, as the buffer may be part of a larger one that is reused. */
  fixed(size: number): Buffer {
    const start = this.take(size);
    return Buffer.from(this.bytes.subarray(start, this.position));
  }

  skip(size: number): void {
    this.take(size);
  }

  /**
   * The count of the next block of an array or map, 0 at the end. `room` is how many more items are accepted: a count is
   * believed only when the bytes that are left can hold so many.
   */
  block(room: number, itemBytes: number): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      if (this.long() < 0) throw badBytes;
    }
    if (count > room || count * itemBytes > this.end - this.position) throw badBytes;
    return count;
  }

  private take(size: number): number {
    const start = this.position;
    if (size < 0 || size > this.end - start) throw badBytes;
    this.position = start + size;
    return start;
  }
}
