import avro from "avsc";

const pattern = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;
const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const latestMs = Date.parse("9999-12-31T23:59:59.999Z");

/** Whether a number is an instant of the years 1 to 9999 in whole milliseconds since 1970. */
export function isEpochMs(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= earliestMs && (value as number) <= latestMs;
}

/**
 * Milliseconds since 1970 of an RFC 3339 text; digits beyond milliseconds are cut. Undefined for anything else: a date that
 * does not exist, a leap second, a time without an offset.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, date = "", time = "", fraction = "", offset = ""] = match;
  // Date.parse takes the 30th of February for the 2nd of March.
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  const ms = Date.parse(`${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}${offset.toUpperCase()}`);
  return isEpochMs(ms) ? ms : undefined;
}

/** Whether a value of JSON may stand in a timestamp-millis field. */
export function isTimestamp(value: unknown): boolean {
  return typeof value === "string" ? parseTimestamp(value) !== undefined : isEpochMs(value);
}

/** Writes timestamp-millis from both forms that JSON data may have. */
export class TimestampMillis extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }

  protected override _toValue(value: unknown): unknown {
    return typeof value === "string" ? parseTimestamp(value) : value;
  }
}
