import fc from "fast-check";
import { expect, test } from "vitest";
import { createLocalClock } from "../../apps/trips/local-time.ts";
import { greenHeader, greenRow, rowsOf, tripFiles } from "./fixtures.ts";

const tripFile = tripFiles();

const newYork = createLocalClock("America/New_York");
const utc = (...parts: [number, number, number, number, number?, number?]) => Date.UTC(...parts);

test.each([
  ["2015-01-01 00:03:30", utc(2015, 0, 1, 5, 3, 30)],
  ["2015-07-01T00:03:30", utc(2015, 6, 1, 4, 3, 30)],
  ["2015-01-01 00:03:30.250", utc(2015, 0, 1, 5, 3, 30) + 250],
  ["1/2/2015 12:03:30 AM", utc(2015, 0, 2, 5, 3, 30)],
  ["1/2/2015 12:03 PM", utc(2015, 0, 2, 17, 3)],
  ["12/31/2015 23:59", utc(2016, 0, 1, 4, 59)],
])("%s", (text, instant) => {
  expect(newYork.instantsOf(text)).toEqual([instant]);
});

test.each([
  "",
  "soon",
  "2015-13-01 00:00:00",
  "2015-02-29 00:00:00",
  "2015-01-01 24:01:00",
  "2015-01-01 00:00:60",
  "1/2/2015 13:00 PM",
])("%j is no time", (text) => {
  expect(newYork.instantsOf(text)).toEqual([]);
});

test("the hour that comes twice has two instants, the skipped hour is an hour later", () => {
  expect(newYork.instantsOf("2015-11-01 01:30:00")).toEqual([utc(2015, 10, 1, 5, 30), utc(2015, 10, 1, 6, 30)]);
  expect(newYork.instantsOf("2015-03-08 02:30:00")).toEqual([utc(2015, 2, 8, 7, 30)]);
});

test("a trip through the end of summer time does not run backwards", async () => {
  const [row] = await rowsOf(
    tripFile([greenHeader, greenRow({ pickup: "2015-11-01 01:55:00", dropoff: "2015-11-01 01:05:00" })]),
  );
  expect(row?.problems).toEqual([]);
  expect((row?.trip?.dropoffMs ?? 0) - (row?.trip?.pickupMs ?? 0)).toBe(10 * 60_000);
});

test("agrees with Intl at any instant", () => {
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "America/New_York",
    dateStyle: "short",
    timeStyle: "medium",
  });
  fc.assert(
    fc.property(fc.integer({ min: utc(2009, 0, 1, 0) / 1_000, max: utc(2017, 0, 1, 0) / 1_000 }), (seconds) => {
      expect(newYork.instantsOf(shown.format(seconds * 1_000))).toContain(seconds * 1_000);
    }),
    { numRuns: 2_000 },
  );
});
