import { expect, test } from "vitest";
import type { AskMany } from "../../kafka/ask-many.ts";
import { createKnownAges } from "../../kafka/known-ages.ts";
import { agesOf } from "../../kafka/record-ages.ts";

const now = 1_800_000_000_000;
const place = (partition: number) => ({ topic: "t", partition, leader: 1, replicas: 1, inSync: 1 });

/** A broker's answers for partitions whose records are so old, in seconds, in the order of their offsets; and how often it was asked. */
function partitions(ages: readonly (readonly number[])[]) {
  let rounds = 0;
  const firstsAt: AskMany["firstsAt"] = async (asked) => {
    rounds++;
    expect(new Set(asked.map(({ partition }) => partition)).size).toBe(asked.length);
    return new Map(
      asked.map(({ topic, partition, timestamp }) => {
        const offset = (ages[partition] ?? []).findIndex((age) => now - age * 1_000 >= timestamp);
        const time = offset < 0 ? -1 : now - (ages[partition]?.[offset] ?? 0) * 1_000;
        return [`${topic}/${partition}`, { offset: BigInt(offset), time }];
      }),
    );
  };
  return { firstsAt, rounds: () => rounds };
}

test("ages of many records are found together, to some percent and never too low", async () => {
  const seconds = [90_000, 86_400, 4_000, 300, 299, 12, 3, 0.4];
  const { firstsAt, rounds } = partitions([seconds, [50_000_000, 7]]);
  const asked = [
    ...seconds.map((_, offset) => ({ place: place(0), next: BigInt(offset), high: BigInt(seconds.length) })),
    { place: place(1), next: 0n, high: 2n },
    { place: place(1), next: 1n, high: 2n },
  ];
  const ages = await agesOf(firstsAt, asked, now);
  for (const [i, age] of [...seconds, 50_000_000, 7].entries()) {
    expect(ages[i]).toBeGreaterThanOrEqual(age * 1_000);
    expect(ages[i]).toBeLessThanOrEqual(Math.max(age * 1_000 * 1.03, age * 1_000 + 250));
  }
  // One after the other, these would be some 200 questions.
  expect(rounds()).toBeLessThan(70);
});

test.each([
  ["even", (n: number) => (20_000 - n) * 10],
  ["that began in the last minute, after days", (n: number) => (n < 100 ? 260_000 - n : (20_000 - n) / 400)],
  ["that stopped long ago", (n: number) => 1_000_000 + (20_000 - n) / 100],
  ["in bursts", (n: number) => Math.floor((19_999 - n) / 2_000) * 20_000 + ((19_999 - n) % 2_000) / 1_000 + 1],
])("few questions find a place in a stream %s", async (_what, ageAt) => {
  const seconds = Array.from({ length: 20_000 }, (_, n) => ageAt(n));
  for (const next of [0, 1, 99, 100, 7_000, 12_345, 19_998, 19_999]) {
    const { firstsAt, rounds } = partitions([seconds]);
    const [age = 0] = await agesOf(firstsAt, [{ place: place(0), next: BigInt(next), high: 20_000n }], now);
    const exact = (seconds[next] ?? 0) * 1_000;
    expect(age).toBeGreaterThanOrEqual(exact);
    expect(age).toBeLessThanOrEqual(Math.max(exact * 1.03, exact + 250));
    expect(rounds(), `offset ${next}`).toBeLessThanOrEqual(12);
  }
});

test("what was learned before is not asked for again, and helps a group that has gone on", async () => {
  const seconds = [90_000, 86_400, 4_000, 300, 12];
  const { firstsAt, rounds } = partitions([seconds, seconds]);
  const memory = createKnownAges();
  const at = (partition: number, next: number) => ({
    ...{ place: place(partition), next: BigInt(next) },
    high: BigInt(seconds.length),
  });
  await agesOf(firstsAt, [at(0, 0), at(1, 1)], now, memory);
  const first = rounds();
  expect(first).toBeGreaterThan(2);
  const later = 10 * 60_000;
  const [still, waits] = await agesOf(firstsAt, [at(0, 0), at(1, 1)], now + later, memory);
  expect(rounds()).toBe(first);
  for (const [age = 0, was = 0] of [
    [still, 90_000_000 + later],
    [waits, 86_400_000 + later],
  ]) {
    expect(age).toBeGreaterThanOrEqual(was);
    expect(age).toBeLessThanOrEqual(was * 1.03);
  }
  // The one behind is younger than what was before it, so nobody looks further back.
  const [moved = 0] = await agesOf(firstsAt, [at(0, 2)], now, memory);
  expect(moved).toBeGreaterThanOrEqual(4_000_000);
  expect(moved).toBeLessThanOrEqual(4_000_000 * 1.03);
  expect(rounds() - first).toBeLessThan(8);
  // A group that was set back is known to be behind by more.
  const [back = 0] = await agesOf(firstsAt, [at(0, 1)], now, memory);
  expect(back).toBeGreaterThanOrEqual(86_400_000);
  expect(back).toBeLessThanOrEqual(86_400_000 * 1.03);
  // What nobody asks for any more is forgotten.
  expect([...memory.keys()]).toEqual(["t/0"]);
});

test("a hundred groups at a hundred places of a partition are answered within bounds", async () => {
  const seconds = Array.from({ length: 100 }, (_, i) => 10_000 - i * 100 + 0.5);
  const { firstsAt, rounds } = partitions([seconds]);
  const ages = await agesOf(
    firstsAt,
    seconds.map((_, offset) => ({ place: place(0), next: BigInt(offset), high: BigInt(seconds.length) })),
    now,
  );
  for (const [i, age] of ages.entries()) expect(age).toBeGreaterThanOrEqual((seconds[i] ?? 0) * 1_000);
  expect(rounds()).toBeLessThanOrEqual(80);
});

test("records that do not lie in the order of their times have an age all the same", async () => {
  const { firstsAt } = partitions([[5, 500, 2, 50]]);
  const ages = await agesOf(
    firstsAt,
    [0, 1, 2, 3].map((offset) => ({ place: place(0), next: BigInt(offset), high: 4n })),
    now,
  );
  for (const age of ages) {
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(600_000);
  }
});

test("a partition that loses its leader meanwhile keeps nobody waiting, and nothing asked is nothing answered", async () => {
  expect(await agesOf(async () => new Map(), [{ place: place(0), next: 4n, high: 9n }], now)).toHaveLength(1);
  expect(await agesOf(async () => new Map(), [], now)).toEqual([]);
});
