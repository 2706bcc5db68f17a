import { PipelineError } from "../../runtime/index.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** 2000-01-01, where Postgres counts days from, in days since 1970. */
const epochDays = 10_957;
const dayMicros = 86_400_000_000n;

const outOfRange = (message: string) => new PipelineError("sink_value_out_of_range", { message });

/** A date: days since 1970. @throws PipelineError sink_value_out_of_range */
export function writeDate(days: number, to: RowBuffer): void {
  const since = days - epochDays;
  // 4713 BC to 5874897 AD.
  if (since < -2_451_545 || since >= 2_145_031_949) throw outOfRange("a date lies outside of what Postgres stores");
  to.integer(since);
}

/** A time of day in microseconds. @throws PipelineError sink_value_out_of_range */
export function writeTime(micros: bigint, to: RowBuffer): void {
  if (micros < 0n || micros >= dayMicros) throw outOfRange("a time of day is not within a day");
  to.bigint(Number(micros >> 32n), Number(BigInt.asIntN(32, micros)));
}

/** Text as a uuid of 16 bytes. @throws PipelineError sink_value_out_of_range */
export function writeUuid(text: string, to: RowBuffer): void {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw outOfRange("the text is no UUID");
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  to.bytea(bytes, 0, bytes.length);
}

/** The number that the bytes of a decimal hold, without its scale: two's complement, the highest byte first. */
export function unscaledOf(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
}

/** A decimal as text: 12345 with the scale 2 is 123.45. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const split = digits.length - scale;
  const fraction = scale === 0 ? "" : `.${digits.slice(split)}`;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, split)}${fraction}`;
}

const base = 10_000n;
const digitsOfBase = 4;

/**
 * A decimal as numeric in its binary form: digits of base 10,000, of which the first stands for 10,000^weight.
 * Source: PostgreSQL, src/backend/utils/adt/numeric.c, numeric_recv.
 * @throws PipelineError sink_value_out_of_range
 */
export function writeNumeric(unscaled: bigint, scale: number, to: RowBuffer): void {
  // The point must lie between two digits of base 10,000.
  const fractionDigits = Math.ceil(scale / digitsOfBase);
  let rest = (unscaled < 0n ? -unscaled : unscaled) * 10n ** BigInt(fractionDigits * digitsOfBase - scale);
  const digits: number[] = [];
  for (; rest > 0n; rest /= base) digits.unshift(Number(rest % base));
  const weight = digits.length - fractionDigits - 1;
  if (digits.length > 0x7fff || weight > 0x7fff || scale > 0x3fff)
    throw outOfRange("a decimal is too long for numeric");
  const field = Buffer.alloc(12 + 2 * digits.length);
  field.writeInt32BE(8 + 2 * digits.length, 0);
  field.writeInt16BE(digits.length, 4);
  field.writeInt16BE(digits.length === 0 ? 0 : weight, 6);
  field.writeUInt16BE(unscaled < 0n ? 0x4000 : 0, 8);
  field.writeInt16BE(scale, 10);
  digits.forEach((digit, i) => void field.writeInt16BE(digit, 12 + 2 * i));
  to.raw(field);
}
