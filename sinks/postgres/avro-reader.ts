import { PipelineError } from "../../runtime/index.ts";
import type { AvroType } from "./avro-type.ts";

/**
 * A place in the Avro bytes of one record. Reads what the specification's binary encoding says; a read beyond the end gives
 * zeroes and is found by {@link AvroReader.finish}, except for lengths, which are checked before anyone relies on them.
 */
export class AvroReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** The two halves of the number that {@link AvroReader.long} read, in two's complement. */
  high = 0;
  low = 0;

  open(bytes: Buffer, from: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = bytes.length;
  }

  /** @throws PipelineError sink_record_unreadable unless exactly all bytes were read */
  finish(): void {
    if (this.at !== this.end) throw unreadable(this.at > this.end ? "the record is cut short" : "bytes are left over");
  }

  /** An int: 32 bits, zigzag. */
  int(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 63) throw unreadable("a number is longer than 64 bits");
      byte = bytes[this.at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** A long: leaves its 64 bits in `high` and `low`. */
  long(): void {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 63) throw unreadable("a number is longer than 64 bits");
      byte = bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
    }
    const sign = -(low & 1);
    this.low = (((low >>> 1) | (high << 31)) ^ sign) | 0;
    this.high = ((high >>> 1) ^ sign) | 0;
  }

  /** A long as a number; exact up to 2^53, and rounded beyond. */
  longNumber(): number {
    this.long();
    return this.high * 4_294_967_296 + (this.low >>> 0);
  }

  /** The length of text or bytes that follow, known to lie inside the record. */
  length(): number {
    const length = this.longNumber();
    if (length < 0 || this.at + length > this.end) throw unreadable("the record is cut short");
    return length;
  }

  double(): number {
    this.at += 8;
    return this.at <= this.end ? this.bytes.readDoubleLE(this.at - 8) : 0;
  }

  float(): number {
    this.at += 4;
    return this.at <= this.end ? this.bytes.readFloatLE(this.at - 4) : 0;
  }

  text(): string {
    const length = this.length();
    this.at += length;
    return this.bytes.toString("utf8", this.at - length, this.at);
  }

  raw(length: number): Buffer {
    this.at += length;
    if (this.at > this.end) throw unreadable("the record is cut short");
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Any value as what JSON.stringify takes: for jsonb columns and for fields without a column. */
  value(type: AvroType): unknown {
    switch (type.kind) {
      case "null":
        return null;
      case "boolean":
        return this.bytes[this.at++] === 1;
      case "int":
        return this.int();
      case "long":
        return this.longNumber();
      case "float":
        return this.float();
      case "double":
        return this.double();
      case "string":
        return this.text();
      case "bytes":
        return this.raw(this.length()).toString("base64");
      case "fixed":
        return this.raw(type.size).toString("base64");
      case "enum":
        return symbolOf(type.symbols, this.int());
      case "union":
        return this.value(branchOf(type.branches, this.int()));
      case "record":
        return Object.fromEntries(type.fields.map((field) => [field.name, this.value(field.type)]));
      case "array":
        return this.blocks(() => this.value(type.items));
      case "map":
        return Object.fromEntries(this.blocks(() => [this.text(), this.value(type.items)] as const));
    }
  }

  private blocks<T>(item: () => T): T[] {
    const items: T[] = [];
    for (;;) {
      let count = this.longNumber();
      if (count === 0) return items;
      if (count < 0) {
        count = -count;
        this.long();
      }
      for (; count > 0; count--) {
        // An item may be empty (a null), so the count alone must not decide how much memory is taken.
        if (this.at > this.end || items.length > this.end) throw unreadable("an array or map is cut short");
        items.push(item());
      }
    }
  }
}

export function symbolOf(symbols: readonly string[], index: number): string {
  const symbol = symbols[index];
  if (symbol === undefined) throw unreadable("an enum has no such symbol");
  return symbol;
}

function branchOf(branches: readonly AvroType[], index: number): AvroType {
  const branch = branches[index];
  if (branch === undefined) throw unreadable("a union has no such branch");
  return branch;
}

export function unreadable(message: string): PipelineError {
  return new PipelineError("sink_record_unreadable", { message });
}
