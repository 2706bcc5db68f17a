import { expect, test } from "vitest";
import { readOptions } from "../../../runtime/index.ts";
import { scheduleOf, webhookOptions } from "../../../sinks/webhook/options.ts";
import { delayAfter, retryAfterMsOf } from "../../../sinks/webhook/retry-schedule.ts";

const schedule = scheduleOf(readOptions(webhookOptions, {}));
const second = 1_000;
const hour = 3_600 * second;

test("eight attempts: now, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => delayAfter(schedule, attempts, 0, () => 0));
  expect(delays).toEqual([5 * second, 300 * second, 0.5 * hour, 2 * hour, 5 * hour, 10 * hour, 10 * hour, undefined]);
});

test("jitter adds up to a fifth and never takes away", () => {
  expect(delayAfter(schedule, 1, 0, () => 0.999_999)).toBe(6 * second);
  for (let i = 0; i < 1_000; i++) {
    const delay = delayAfter(schedule, 2) ?? 0;
    expect(delay).toBeGreaterThanOrEqual(300 * second);
    expect(delay).toBeLessThanOrEqual(360 * second);
  }
});

test("Retry-After puts an attempt off, at most a day, and never brings it forward", () => {
  expect(delayAfter(schedule, 1, 60 * second, () => 0)).toBe(60 * second);
  expect(delayAfter(schedule, 2, 60 * second, () => 0)).toBe(300 * second);
  expect(delayAfter(schedule, 1, 1_000 * hour, () => 0)).toBe(24 * hour);
  expect(delayAfter(schedule, 8, 60 * second, () => 0)).toBeUndefined();
});

test("Retry-After is read in both forms of RFC 9110", () => {
  const now = Date.parse("2026-11-22T21:00:00Z");
  expect(retryAfterMsOf("120", now)).toBe(120 * second);
  expect(retryAfterMsOf(" 0 ", now)).toBe(0);
  expect(retryAfterMsOf("Sun, 22 Nov 2026 21:01:00 GMT", now)).toBe(60 * second);
  expect(retryAfterMsOf("Sun, 22 Nov 2026 20:00:00 GMT", now)).toBe(0);
  for (const text of [undefined, "", "soon", "-1", "1.5", "99999999999", "NaN", "2026-11-22"]) {
    expect(retryAfterMsOf(text, now), String(text)).toBeUndefined();
  }
});
