import fc from "fast-check";
import { expect, test } from "vitest";
import { type Instant, readRfc3339 } from "../../../sinks/postgres/rfc3339.ts";

function read(text: string): Instant | undefined {
  const into = { ms: 0, micros: 0 };
  return readRfc3339(Buffer.from(text), into) ? into : undefined;
}

test("what Date writes is read as Date means it", () => {
  const date = fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, (d) => {
      expect(read(d.toISOString())).toEqual({ ms: d.getTime(), micros: 0 });
    }),
  );
});

test("offsets, fractions and small letters are read", () => {
  const ms = Date.parse("2015-01-31T23:59:59.123Z");
  expect(read("2015-01-31T23:59:59.123456Z")).toEqual({ ms, micros: 456 });
  expect(read("2015-01-31T23:59:59.123456789Z")).toEqual({ ms, micros: 456 });
  expect(read("2015-02-01t01:59:59.123+02:00")).toEqual({ ms, micros: 0 });
  expect(read("2015-01-31T18:29:59.123-05:30")).toEqual({ ms, micros: 0 });
  expect(read("2016-12-31T23:59:60Z")).toEqual({ ms: Date.parse("2017-01-01T00:00:00Z"), micros: 0 });
  expect(read("2015-01-31T23:59:59.5Z")?.ms).toBe(Date.parse("2015-01-31T23:59:59.500Z"));
});

test.each([
  "",
  "2015-01-31",
  "2015-01-31T23:59:59",
  "2015-02-29T00:00:00Z",
  "2015-13-01T00:00:00Z",
  "2015-00-01T00:00:00Z",
  "2015-01-01T24:00:00Z",
  "2015-01-01T00:60:00Z",
  "2015-01-01T00:00:00.Z",
  "2015-01-01T00:00:00+0200",
  "2015-01-01T00:00:00+24:00",
  "2015-01-01T00:00:00Zx",
  "+275760-09-13T00:00:00.001Z",
  "next Tuesday at noon o'clock",
])("%j is no time", (text) => {
  expect(read(text)).toBeUndefined();
});
