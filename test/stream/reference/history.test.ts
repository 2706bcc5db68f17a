import fc from "fast-check";
import { expect, test } from "vitest";
import { createHistories, type History, versionAt } from "../../../stream/reference/history.ts";

const historyOf = <Row>(max: number, versions: readonly (readonly [number, Row])[]): History<Row> => {
  const histories = createHistories<Row>(max);
  for (const [fromMs, row] of versions) histories.add("x", fromMs, row);
  const history = histories.get("x");
  if (history === undefined) throw new Error("no history");
  return history;
};

test("a single version needs no time; a second one takes that away, a repetition does not", () => {
  expect(historyOf(3, [[5, "a"]]).only).toBe("a");
  expect(
    historyOf(3, [
      [5, "a"],
      [5, "a"],
    ]).only,
  ).toBe("a");
  expect(
    historyOf(3, [
      [5, "a"],
      [6, "b"],
    ]).only,
  ).toBeUndefined();
});

test("what was valid at a moment does not depend on the order in which versions came", () => {
  const times = fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      times.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      fc.nat(60),
      fc.integer({ min: 1, max: 12 }),
      ([all, shuffled], at, max) => {
        const kept = [...all].sort((a, b) => a - b).slice(-max);
        const history = historyOf(
          max,
          shuffled.map((time) => [time, `from ${time}`] as const),
        );
        const valid = kept.findLast((time) => time <= at) ?? kept[0];
        expect(versionAt(history, at)).toBe(`from ${valid}`);
        expect(history.versions).toHaveLength(kept.length);
      },
    ),
    { numRuns: 500 },
  );
});

test("a time that cannot be read gets the newest, the last of two with one time counts, and a thing can be forgotten", () => {
  const versions = [
    [1, "a"],
    [2, "b"],
    [2, "c"],
  ] as const;
  expect(versionAt(historyOf(9, versions), Number.NaN)).toBe("c");
  const histories = createHistories<string>(2);
  histories.add("x", 1, "a");
  histories.delete("x");
  expect(histories.get("x")).toBeUndefined();
  expect(histories.size).toBe(0);
});
