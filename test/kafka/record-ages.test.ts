import { expect, test } from "vitest";
import type { AskMany } from "../../kafka/ask-many.ts";
import { createKnownAges } from "../../kafka/known-ages.ts";
import { agesOf } from "../../kafka/record-ages.ts";

const now = 1_800_000_000_000;
const place = (partition: number) => ({ topic: "t", partition, leader: 1, replicas: 1, inSync: 1 });

/** A broker's answers for partitions whose records are so old, in seconds, in the order of their offsets; and how often it was asked. */
function partitions(ages: readonly (readonly number[])[]) {
  let rounds = 0;
  const offsetsAt: AskMany["offsetsAt"] = async (asked) => {
    rounds++;
    expect(new Set(asked.map(({ partition }) => partition)).size).toBe(asked.length);
    return new Map(
      asked.map(({ topic, partition, timestamp }) => {
        const offset = (ages[partition] ?? []).findIndex((age) => now - age * 1_000 >= timestamp);
        return [`${topic}/${partition}`, BigInt(offset)];
      }),
    );
  };
  return { offsetsAt, rounds: () => rounds };
}

test("ages of many records are found together, to some percent and never too low", async () => {
  const seconds = [90_000, 86_400, 4_000, 300, 299, 12, 3, 0.4];
  const { offsetsAt, rounds } = partitions([seconds, [50_000_000, 7]]);
  const asked = [
    ...seconds.map((_, offset) => ({ place: place(0), next: BigInt(offset) })),
    { place: place(1), next: 0n },
    { place: place(1), next: 1n },
  ];
  const ages = await agesOf(offsetsAt, asked, now);
  for (const [i, age] of [...seconds, 50_000_000, 7].entries()) {
    expect(ages[i]).toBeGreaterThanOrEqual(age * 1_000);
    expect(ages[i]).toBeLessThanOrEqual(Math.max(age * 1_000 * 1.03, age * 1_000 + 250));
  }
  // One after the other, these would be some 200 questions.
  expect(rounds()).toBeLessThan(70);
});

test("what was learned before is not asked for again, and helps a group that has gone on", async () => {
  const seconds = [90_000, 86_400, 4_000, 300, 12];
  const { offsetsAt, rounds } = partitions([seconds, seconds]);
  const memory = createKnownAges();
  const at = (partition: number, next: number) => ({ place: place(partition), next: BigInt(next) });
  await agesOf(offsetsAt, [at(0, 0), at(1, 1)], now, memory);
  const first = rounds();
  expect(first).toBeGreaterThan(10);
  const later = 10 * 60_000;
  const [still, waits] = await agesOf(offsetsAt, [at(0, 0), at(1, 1)], now + later, memory);
  expect(rounds()).toBe(first);
  for (const [age = 0, was = 0] of [
    [still, 90_000_000 + later],
    [waits, 86_400_000 + later],
  ]) {
    expect(age).toBeGreaterThanOrEqual(was);
    expect(age).toBeLessThanOrEqual(was * 1.03);
  }
  // The one behind is younger than what was before it, so nobody looks further back.
  const [moved = 0] = await agesOf(offsetsAt, [at(0, 2)], now, memory);
  expect(moved).toBeGreaterThanOrEqual(4_000_000);
  expect(moved).toBeLessThanOrEqual(4_000_000 * 1.03);
  expect(rounds() - first).toBeLessThan(13);
  // A group that was set back is known to be behind by more.
  const [back = 0] = await agesOf(offsetsAt, [at(0, 1)], now, memory);
  expect(back).toBeGreaterThanOrEqual(86_400_000);
  expect(back).toBeLessThanOrEqual(86_400_000 * 1.03);
  // What nobody asks for any more is forgotten.
  expect([...memory.keys()]).toEqual(["t/0"]);
});

test("a hundred groups at a hundred places of a partition are answered within bounds", async () => {
  const seconds = Array.from({ length: 100 }, (_, i) => 10_000 - i * 100 + 0.5);
  const { offsetsAt, rounds } = partitions([seconds]);
  const ages = await agesOf(
    offsetsAt,
    seconds.map((_, offset) => ({ place: place(0), next: BigInt(offset) })),
    now,
  );
  for (const [i, age] of ages.entries()) expect(age).toBeGreaterThanOrEqual((seconds[i] ?? 0) * 1_000);
  expect(rounds()).toBeLessThanOrEqual(80);
});

test("records that do not lie in the order of their times have an age all the same", async () => {
  const { offsetsAt } = partitions([[5, 500, 2, 50]]);
  const ages = await agesOf(
    offsetsAt,
    [0, 1, 2, 3].map((offset) => ({ place: place(0), next: BigInt(offset) })),
    now,
  );
  for (const age of ages) {
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(600_000);
  }
});

test("a partition that loses its leader meanwhile keeps nobody waiting, and nothing asked is nothing answered", async () => {
  expect(await agesOf(async () => new Map(), [{ place: place(0), next: 4n }], now)).toHaveLength(1);
  expect(await agesOf(async () => new Map(), [], now)).toEqual([]);
});
