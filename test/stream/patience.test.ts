import { expect, test } from "vitest";
import { createMetrics } from "../../runtime/index.ts";
import { createPatience } from "../../stream/patience.ts";
import type { BatchOutcome } from "../../stream/process-batch.ts";

let now = 1_000_000;
const lacking = (awaited: string, arrival: number | undefined): BatchOutcome => {
  const headers = { waits_for: awaited, ...(arrival === undefined ? {} : { received_at: String(arrival) }) };
  return { sends: new Map([["waiting", [{ key: "k", value: null, headers }]]]), turnedAway: [] };
};
const whole: BatchOutcome = { sends: new Map(), turnedAway: [] };

/** A patience whose profiles change after the given times; Infinity: never. Time passes by what is waited. */
function patienceOf(changes: readonly number[]) {
  const asked: number[] = [];
  const left = [...changes];
  const patience = createPatience({
    ...{ topic: "waiting", limitMs: 2_000, metrics: createMetrics(), now: () => now },
    async changed(withinMs) {
      asked.push(withinMs);
      const after = left.shift() ?? Number.POSITIVE_INFINITY;
      now += Math.min(withinMs, after);
      return after <= withinMs;
    },
  });
  return { patience, asked };
}

test("a batch that lacks nothing is not held back", async () => {
  const { patience, asked } = patienceOf([]);
  expect(await patience().next(whole)).toBe("go");
  expect(asked).toEqual([]);
});

test("a batch is judged again when a profile changed, and goes on when that was the one", async () => {
  const { patience } = patienceOf([300]);
  const batch = patience();
  expect(await batch.next(lacking("driver drv_1", now))).toBe("again");
  expect(await batch.next(whole)).toBe("go");
});

test("the limit counts from the arrival, in waits of at most a second", async () => {
  const { patience, asked } = patienceOf([]);
  const batch = patience();
  const outcome = lacking("driver drv_1", now - 500);
  expect(await batch.next(outcome)).toBe("later");
  expect(await batch.next(outcome)).toBe("later");
  expect(await batch.next(outcome)).toBe("go");
  expect(asked).toEqual([1_000, 500]);
});

test("what came long ago, or does not say when, waits for nothing", async () => {
  const { patience, asked } = patienceOf([]);
  expect(await patience().next(lacking("driver drv_1", now - 2_000))).toBe("go");
  expect(await patience().next(lacking("driver drv_1", undefined))).toBe("go");
  expect(asked).toEqual([]);
});

test("a server whose clock runs ahead does not hold a batch back for longer", async () => {
  const { patience, asked } = patienceOf([]);
  const batch = patience();
  const outcome = lacking("driver drv_1", now + 3_600_000);
  while ((await batch.next(outcome)) !== "go");
  expect(asked).toEqual([1_000, 1_000]);
});

test("a profile that was waited for in vain is not waited for again; another one is", async () => {
  const { patience, asked } = patienceOf([]);
  const first = patience();
  const outcome = lacking("driver drv_1", now);
  while ((await first.next(outcome)) !== "go");
  const before = asked.length;
  expect(await patience().next(lacking("driver drv_1", now))).toBe("go");
  expect(asked).toHaveLength(before);
  expect(await patience().next(lacking("driver drv_2", now))).toBe("later");
});
