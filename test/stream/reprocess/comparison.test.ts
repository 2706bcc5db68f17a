import { expect, test } from "vitest";
import { createComparison, type Told } from "../../../stream/reprocess/comparison.ts";

function told(subject: string, revision: number, fare: number, atMs = 100): Told {
  const record = { topic: "trips", key: subject, value: Buffer.from(`${subject}/${revision}/${fare}`), headers: {} };
  return { record, subject, atMs, data: () => ({ fare, trip: subject, revision }) };
}

test("of several tellings the newest is compared, whatever its revision is called", () => {
  const comparison = createComparison(0, Infinity);
  for (const one of [told("same", 1, 5), told("same", 2, 7), told("wrong", 1, 5), told("gone", 1, 5)]) {
    comparison.add("live", one);
  }
  // As it is written again after a crash.
  comparison.add("live", told("same", 1, 5));
  for (const one of [told("same", 1_001, 7), told("wrong", 1_001, 6), told("new", 1_001, 1)]) {
    comparison.add("rebuilt", one);
  }
  const { examples, ...counts } = comparison.verdict();
  expect(counts).toEqual({ equal: 1, changed: 1, missing: 1, extra: 1 });
  expect(examples.find(({ kind }) => kind === "changed")).toEqual({
    ...{ kind: "changed", subject: "wrong" },
    ...{ live: { fare: 5, revision: 1 }, rebuilt: { fare: 6, revision: 1_001 } },
  });
  expect(comparison.highestRevision).toBe(2);
  const corrected = comparison.corrections().map(({ record }) => String(record.value));
  expect(corrected.sort()).toEqual(["new/1001/1", "wrong/1001/6"]);
});

test("only what either told in the time asked for is judged, by all that is known of it", () => {
  const comparison = createComparison(50, 60);
  comparison.add("live", told("before", 1, 5, 10));
  comparison.add("rebuilt", told("before", 1_001, 6, 10));
  comparison.add("live", told("within", 1, 5, 55));
  comparison.add("live", told("within", 2, 6, 70));
  comparison.add("rebuilt", told("within", 1_001, 6, 45));
  const { examples: _none, ...counts } = comparison.verdict();
  expect(counts).toEqual({ equal: 1, changed: 0, missing: 0, extra: 0 });
  expect(comparison.corrections()).toEqual([]);
});

test("a correction that would not be the newest revision is refused", () => {
  const comparison = createComparison(0, Infinity);
  comparison.add("live", told("a", 3, 5));
  comparison.add("rebuilt", told("a", 2, 6));
  expect(() => comparison.corrections()).toThrow(/revision 2, the live one 3/);
});
