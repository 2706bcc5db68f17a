import fc from "fast-check";
import { expect, test } from "vitest";
import { readTime } from "../../../ingest/events/read-time.ts";

test.each([
  ["2026-11-22T21:11:41.123Z", Date.UTC(2026, 10, 22, 21, 11, 41, 123)],
  ["2026-11-22T21:11:41Z", Date.UTC(2026, 10, 22, 21, 11, 41)],
  ["2026-11-22T22:11:41+01:00", Date.UTC(2026, 10, 22, 21, 11, 41)],
  ["2026-11-22T21:11:41.123456789Z", Date.UTC(2026, 10, 22, 21, 11, 41, 123)],
  ["2026-11-22T16:11:41-05:00", Date.UTC(2026, 10, 22, 21, 11, 41)],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
  ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
])("%s is a time", (text, expected) => {
  expect(readTime(text)).toBe(expected);
});

test.each([
  "",
  "now",
  "2026-11-22",
  "2026-11-22T21:11:41",
  "2026-11-22 21:11:41Z",
  "2026-11-22t21:11:41z",
  "2026-11-22T21:11Z",
  "2026-02-30T00:00:00Z",
  "2025-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T00:60:00Z",
  "2016-12-31T23:59:60Z",
  "2026-01-01T00:00:00+15:00",
  "2026-01-01T00:00:00+01:60",
  "2026-01-01T00:00:00+0100",
  "2026-01-01T00:00:00.Z",
  "2026-01-01T00:00:00.1234567890Z",
  "+002026-01-01T00:00:00Z",
  "1763845901123",
  "2026-01-01T00:00:00Z\n",
])("%j is no time", (text) => {
  expect(readTime(text)).toBeUndefined();
});

test("what a date writes is read as that date, whatever the offset", () => {
  const date = fc.date({ min: new Date(0), max: new Date("2199-12-31T00:00:00Z"), noInvalidDate: true });
  fc.assert(
    fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, offset) => {
      expect(readTime(at.toISOString())).toBe(at.getTime());
      const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, -1);
      const two = (n: number) => String(n).padStart(2, "0");
      const sign = offset < 0 ? "-" : "+";
      const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
      expect(readTime(local + zone)).toBe(at.getTime());
    }),
  );
});
