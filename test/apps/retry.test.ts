import fc from "fast-check";
import { expect, test } from "vitest";
import { fateOf, pause, readRetryAfterMs, retryDelayMs } from "../../apps/retry.ts";

test("a wait lies between what the server asked for and the jitter's bound above it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, retryAfterMs, chance) => {
        const delay = retryDelayMs({ attempt, retryAfterMs }, () => chance);
        const bound = Math.min(10_000, 100 * 2 ** (attempt - 1));
        expect(delay).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        expect(delay).toBeLessThanOrEqual((retryAfterMs ?? 0) + bound);
      },
    ),
  );
});

test("Retry-After in seconds, as a date, and as nonsense", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(readRetryAfterMs("3", now)).toBe(3_000);
  expect(readRetryAfterMs("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5_000);
  expect(readRetryAfterMs("Wed, 31 Dec 2025 00:00:05 GMT", now)).toBe(0);
  expect(readRetryAfterMs("soon", now)).toBeUndefined();
  expect(readRetryAfterMs(undefined, now)).toBeUndefined();
});

test.each([
  ["answered", [200, 202, 207, 422]],
  ["split", [413]],
  ["retry", [408, 425, 429, 500, 502, 503, 504]],
  ["refused", [400, 401, 403, 404, 405, 415]],
] as const)("%s", (fate, statuses) => {
  expect(statuses.map(fateOf)).toEqual(statuses.map(() => fate));
});

test("a pause ends when the signal says so", async () => {
  const quit = new AbortController();
  const paused = pause(60_000, quit.signal);
  quit.abort();
  await paused;
  await pause(60_000, quit.signal);
});
