import fc from "fast-check";
import { expect, test } from "vitest";
import { createPartitionClock } from "../../../stream/state/partition-clock.ts";

const idleMs = 30;
const maxStallMs = 60;

test("without records, time goes on by the clock after the idle time-out, from where the last record left it", () => {
  const clock = createPartitionClock({ idleMs }, 0, 1_000);
  clock.took(10, 5_000, true);
  expect(clock.reached(39)).toBe(-Infinity);
  expect(clock.reached(40)).toBe(5_030);
  expect(clock.reached(100)).toBe(5_090);
});

test("a partition that nobody ever wrote to has no time to go on from", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0, -Infinity);
  expect(clock.reached(1_000)).toBe(-Infinity);
});

test("records that do not bring time forward hold it no longer than the limit", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0, 1_000);
  for (let now = 10; now <= 200; now += 10) {
    clock.took(now, 1_000, true);
    expect(clock.reached(now)).toBe(1_000 + now - maxStallMs);
  }
});

test("nor do those that bring it forward more slowly than the clock, step by step", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0, 1_000);
  for (let now = 10; now <= 1_000; now += 10) clock.took(now, 1_000 + now / 10, true);
  expect(clock.reached(1_000)).toBe(1_000 + 1_000 - maxStallMs);
});

test("records behind which there are more to read go by themselves, and the count begins anew after them", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0, 1_000);
  clock.took(500, 1_001, false);
  expect(clock.reached(5_000)).toBe(-Infinity);
  clock.took(5_000, 1_002, true);
  expect(clock.reached(5_001)).toBe(1_003 - maxStallMs);
});

test("without a limit, slow records hold time for ever", () => {
  const clock = createPartitionClock({ idleMs }, 0, 1_000);
  for (let now = 10; now <= 1_000; now += 10) clock.took(now, 1_000, true);
  expect(clock.reached(1_000)).toBe(-Infinity);
});

test("whatever comes, time lies at most the limit behind the clock, and never more than the clock lets it ahead of the records", () => {
  const steps = fc.array(fc.record({ after: fc.nat(50), advance: fc.nat(60) }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(steps, (plan) => {
      const clock = createPartitionClock({ idleMs, maxStallMs }, 0, 0);
      let now = 0;
      let watermark = 0;
      let line = 0;
      for (const { after, advance } of plan) {
        line += after;
        now += after;
        watermark = Math.max(watermark + advance, clock.reached(now));
        clock.took(now, watermark, true);
        line = Math.max(line, watermark);
        expect(Math.max(watermark, clock.reached(now))).toBeGreaterThanOrEqual(line - maxStallMs);
        expect(clock.reached(now + 20)).toBeLessThanOrEqual(line + 20);
      }
    }),
  );
});

test("event time has no fractions, though the clock has", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0.25, 1_000);
  clock.took(10.5, 5_000, true);
  expect(clock.reached(40.75)).toBe(5_030);
  expect(clock.reached(10_000.9)).toBe(14_990);
});

test("while somebody tells how far event time comes it is not idle, however quiet it is; the limit holds all the same", () => {
  const clock = createPartitionClock({ idleMs, maxStallMs }, 0, 1_000, true);
  expect(clock.isIdle(1_000)).toBe(false);
  expect(clock.reached(59)).toBe(1_059 - maxStallMs);
  clock.took(100, 5_000, true, true);
  expect(clock.reached(150)).toBe(5_050 - maxStallMs);
  clock.took(200, 5_100, true, false);
  expect(clock.isIdle(230)).toBe(true);
  expect(clock.reached(230)).toBe(5_130);
});
