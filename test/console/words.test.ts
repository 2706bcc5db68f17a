import { expect, test } from "vitest";
import {
  figureText,
  shortTimeText,
  spanText,
  timeText,
  verdictText,
  withTimes,
} from "../../console/page/parts/words.ts";
import { midnight } from "./looks.ts";

test("times are in UTC; what is no time is said to be none", () => {
  expect(timeText(midnight + 3_723_004, "utc")).toBe("2026-11-27 01:02:03");
  expect(timeText(Number.NaN, "utc")).toBe("unknown");
  expect(shortTimeText(midnight + 5_000, "utc", midnight + 60_000)).toBe("00:00:05");
  expect(shortTimeText(midnight - 5_000, "utc", midnight)).toBe("2026-11-26 23:59:55");
});

test("local time is that of the machine", () => {
  const at = new Date(2026, 5, 1, 13, 14, 15);
  expect(timeText(at.getTime(), "local")).toBe("2026-06-01 13:14:15");
});

test("spans have the two largest units", () => {
  expect([0, 4_400, 60_000, 130_000, 3_600_000, 11_100_000, 12 * 86_400_000].map(spanText)).toEqual([
    "0 s",
    "4 s",
    "1 min",
    "2 min 10 s",
    "1 h",
    "3 h 5 min",
    "12 d",
  ]);
});

test("figures keep the digits that say something, and a dash is not known", () => {
  const text = (value: number | null, unit: Parameters<typeof figureText>[0]["unit"]) => {
    const figure = figureText({ value, unit });
    return `${figure.value}|${figure.unit}`;
  };
  expect(text(null, "seconds")).toBe("–|");
  expect(text(0, "per-second")).toBe("0|/s");
  expect(text(0.34, "per-second")).toBe("0.3|/s");
  expect(text(40_112.4, "per-second")).toBe("40,112|/s");
  expect(text(0.025, "seconds")).toBe("25|ms");
  expect(text(2.54, "seconds")).toBe("2.5|s");
  expect(text(300, "seconds")).toBe("5 min|");
});

test("the verdict says all is right only when everybody has answered", () => {
  expect(verdictText(0, 0, [])).toBe("Everything is all right");
  expect(verdictText(0, 0, ["kafka", "sinks"])).toBe("Looking: no answer yet from kafka, sinks");
  expect(verdictText(1, 2, ["kafka"])).toBe("1 fault, 2 warnings");
});

test("a moment within a sentence stands as all others do", () => {
  const said = "pending, next at 2026-11-27T13:07:14.248Z, made 2026-11-27T13:00:00Z";
  expect(withTimes(said, "utc")).toBe("pending, next at 2026-11-27 13:07:14.248, made 2026-11-27 13:00:00");
  expect(withTimes("trip-events/1/0", "utc")).toBe("trip-events/1/0");
});
