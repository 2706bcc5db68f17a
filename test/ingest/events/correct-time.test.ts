import fc from "fast-check";
import { expect, test } from "vitest";
import {
  correctTime,
  readSentAt,
  type SenderClock,
  timeErrorMs,
  timeFlagOf,
} from "../../../ingest/events/correct-time.ts";

const assumedDelayMs = 2_000;
const start = Date.UTC(2026, 10, 22, 21);
const clockOf = (header: string, arrivedAt: number, receivedAt = arrivedAt) =>
  readSentAt(header, arrivedAt, receivedAt, { assumedDelayMs }) as SenderClock;

test("sent-at is a time of RFC 3339 or milliseconds; anything else is invalid", () => {
  expect(readSentAt(undefined, start, start, { assumedDelayMs })).toBeUndefined();
  expect(clockOf("2026-11-22T20:59:00.500Z", start)).toMatchObject({ sentAt: start - 59_500, skewMs: 59_500 });
  expect(clockOf("2026-11-22T21:59:00.500+01:00", start)).toMatchObject({ sentAt: start - 59_500 });
  expect(clockOf(String(start + 5), start)).toMatchObject({ sentAt: start + 5, skewMs: -5 });
  // Seconds since 1970 are no milliseconds: the skew would be half a century.
  for (const header of ["", "now", "1795381901", "2026-11-22", "1795381901123.5", "-1795381901123"]) {
    expect(readSentAt(header, start, start, { assumedDelayMs })).toBe("invalid");
  }
});

test("the error grows with the transfer, the age and what a text without a fraction leaves open", () => {
  const errorOf = (header: string, time: string, transferMs = 0, ageMs = 0) => {
    const clock = clockOf(header, start, start + transferMs);
    return timeErrorMs(time, clock.sentAt - ageMs, clock);
  };
  const [exact, rough] = ["2026-11-22T21:00:00.000Z", "2026-11-22T21:00:00Z"];
  expect(errorOf(exact, exact)).toBe(2_002);
  expect(errorOf(exact, rough)).toBe(3_001);
  expect(errorOf(rough, exact)).toBe(3_001);
  expect(errorOf(exact, exact, 10_000)).toBe(12_002);
  expect(errorOf(exact, exact, 0, 86_400_000)).toBe(2_002 + 1_296);
});

test("whatever the clock, the queue and the line: the true time lies within the error of the corrected one", () => {
  const way = fc.record({
    skewMs: fc.integer({ min: -12 * 3_600_000, max: 12 * 3_600_000 }),
    drift: fc.double({ min: -15e-6, max: 15e-6, noNaN: true }),
    queuedMs: fc.integer({ min: 0, max: 86_400_000 }),
    headMs: fc.integer({ min: 0, max: assumedDelayMs }),
    transferMs: fc.integer({ min: 0, max: 10_000 }),
    wholeSeconds: fc.boolean(),
    headerAsText: fc.boolean(),
  });
  fc.assert(
    fc.property(way, ({ skewMs, drift, queuedMs, headMs, transferMs, wholeSeconds, headerAsText }) => {
      const device = (time: number) => time + skewMs + (time - start) * drift;
      const written = (ms: number) => {
        const text = new Date(ms).toISOString();
        return wholeSeconds ? text.replace(/\.\d+/, "") : text;
      };
      const happened = start;
      const sent = happened + queuedMs;
      const time = written(device(happened));
      const occurredAt = Date.parse(time);
      const sentAt = headerAsText ? written(device(sent)) : String(Math.floor(device(sent)));
      const arrived = sent + headMs;
      const clock = clockOf(sentAt, arrived, arrived + transferMs);
      const corrected = correctTime(occurredAt, clock) ?? Number.NaN;
      expect(Math.abs(corrected - happened)).toBeLessThanOrEqual(timeErrorMs(time, occurredAt, clock));
      expect(corrected).toBeLessThanOrEqual(arrived + transferMs);
    }),
    { numRuns: 2_000 },
  );
});

test("an event that happened after it was sent has no corrected time, save for a moment", () => {
  const clock = clockOf("2026-11-22T20:00:00.000Z", start);
  expect(correctTime(clock.sentAt + 1_001, clock)).toBeUndefined();
  expect(correctTime(clock.sentAt + 1_000, clock)).toBe(start);
  expect(timeErrorMs("2026-11-22T20:00:01.000Z", clock.sentAt + 1_000, clock)).toBe(3_003);
});

test("in a stream events happen after its head was sent", () => {
  const clock = clockOf("2026-11-22T20:00:00.000Z", start, start + 3_600_000);
  expect(correctTime(clock.sentAt + 3_599_000, clock)).toBe(start + 3_599_000);
  expect(timeErrorMs("2026-11-22T20:59:59.000Z", clock.sentAt + 3_599_000, clock)).toBe(2_002 + 15_000 + 54);
  expect(correctTime(clock.sentAt + 3_601_001, clock)).toBeUndefined();
});

test("times ahead and far back are flagged by the limits", () => {
  const limits = { futureFlagMs: 60_000, pastFlagMs: 7 * 86_400_000 };
  expect(timeFlagOf(start + 60_000, start, limits)).toBeUndefined();
  expect(timeFlagOf(start + 60_001, start, limits)).toBe("future");
  expect(timeFlagOf(start - 7 * 86_400_000, start, limits)).toBeUndefined();
  expect(timeFlagOf(start - 7 * 86_400_000 - 1, start, limits)).toBe("past");
});
