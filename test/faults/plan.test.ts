import { expect, test } from "vitest";
import { type Fault, kinds, planFaults } from "./plan.ts";

const seeds = Array.from({ length: 200 }, (_, seed) => seed);
const minutes = (count: number) => ({ durationMs: count * 60_000 });

test("a seed is a plan, and another seed another one", () => {
  expect(planFaults(7, minutes(2))).toEqual(planFaults(7, minutes(2)));
  expect(new Set(seeds.map((seed) => JSON.stringify(planFaults(seed, minutes(2))))).size).toBe(seeds.length);
});

test("faults are of their kinds' targets and lengths, and begin within the run", () => {
  for (const { kind, target, atMs, forMs } of seeds.flatMap((seed) => planFaults(seed, minutes(1)))) {
    const { targets, seconds = [0, 0] } = kinds[kind] as { targets: readonly string[]; seconds?: readonly number[] };
    expect(targets).toContain(target);
    expect(forMs).toBeGreaterThanOrEqual((seconds[0] ?? 0) * 1_000);
    expect(forMs).toBeLessThanOrEqual((seconds[1] ?? 0) * 1_000);
    expect(atMs).toBeLessThan(60_000);
  }
});

test("one broker at most is broken at a time, and is back before the next one is", () => {
  for (const seed of seeds) {
    const ofBrokers = planFaults(seed, minutes(3)).filter(({ target }) => target.startsWith("kafka"));
    for (let i = 1; i < ofBrokers.length; i++) {
      const [before, after] = [ofBrokers[i - 1] as Fault, ofBrokers[i] as Fault];
      expect(after.atMs).toBeGreaterThanOrEqual(before.atMs + before.forMs + 8_000 - 1);
    }
  }
});

test("twenty seeds break everything there is in every way", () => {
  const seen = new Set(
    seeds
      .slice(0, 20)
      .flatMap((seed) => planFaults(seed, minutes(2)))
      .map(({ kind }) => kind),
  );
  expect([...seen].sort()).toEqual(Object.keys(kinds).sort());
});
