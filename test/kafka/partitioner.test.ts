import fc from "fast-check";
import { expect, test } from "vitest";
import { createPartitioner, murmur2, partitionOf } from "../../kafka/partitioner.ts";

/** The vectors of the Java client's own test (UtilsTest.testMurmur2). */
const vectors: readonly (readonly [string, number])[] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

test.each(vectors)("murmur2 of %j is the Java client's", (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test("a partition is always one of the topic's, and text and bytes of a key agree", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 200 }), (key, count) => {
      const partition = partitionOf(key, count);
      expect(partition).toBeGreaterThanOrEqual(0);
      expect(partition).toBeLessThan(count);
      expect(partitionOf(Buffer.from(key), count)).toBe(partition);
    }),
  );
});

test("the choice is kept in the message, so that a retry chooses the same", () => {
  const choose = createPartitioner()();
  const partitionMetadata = [{}, {}, {}];
  const keyless = { key: null, value: Buffer.from("x") };
  const first = choose({ topic: "t", partitionMetadata, message: keyless });
  choose({ topic: "t", partitionMetadata, message: { key: null, value: null } });
  expect(choose({ topic: "t", partitionMetadata, message: keyless })).toBe(first);
  expect(choose({ topic: "t", partitionMetadata, message: { key: "a", value: null, partition: 2 } })).toBe(2);
});
