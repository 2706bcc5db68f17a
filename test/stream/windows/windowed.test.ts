import fc from "fast-check";
import { expect, test } from "vitest";
import { resultId } from "../../../stream/windows/result-id.ts";
import type { WindowRules } from "../../../stream/windows/window-rules.ts";
import { type Aggregate, type WindowResult, windowed } from "../../../stream/windows/windowed.ts";
import { driveStep } from "../../support/drive-step.ts";

type Sale = { readonly id: number; readonly shop: string; readonly time: number };
type Ids = readonly number[];

/** The set of the ids, in their order. */
const ids: Aggregate<Sale, Ids> = {
  keyOf: ({ shop }) => shop,
  timeOf: ({ time }) => time,
  add: (known = [], { id }) => (known.includes(id) ? known : [...known, id].sort((a, b) => a - b)),
};
const tumbling: WindowRules = { sizeMs: 100, allowedLatenessMs: 0 };

async function run(rules: WindowRules, records: readonly Sale[], latenessMs = 0, batch = 3) {
  const { told, tooLate, memories } = await driveStep(windowed(rules, ids), records, { latenessMs, batch });
  expect(memories.size).toBe(0);
  return { results: told, tooLate: tooLate.map(({ id }) => id) };
}

const sales = (...times: readonly number[]): Sale[] => times.map((time, i) => ({ id: i + 1, shop: "a", time }));
const words = ({ startMs, endMs, revision, final, value }: WindowResult<Ids>) =>
  `${startMs}-${endMs} ${value.join("+")} #${revision}${final ? " final" : ""}`;

test("a window holds its start and not its end, and has one final result", async () => {
  expect((await run(tumbling, sales(0, 99, 100, 350))).results.map(words)).toEqual([
    "0-100 1+2 #1 final",
    "100-200 3 #1 final",
    "300-400 4 #1 final",
  ]);
});

test("windows before 1970 are cut the same way", async () => {
  expect((await run(tumbling, sales(-1, 0))).results.map(words)).toEqual(["-100-0 1 #1 final", "0-100 2 #1 final"]);
});

test("an event is in each of the sliding windows that hold it", async () => {
  expect((await run({ sizeMs: 100, everyMs: 40, allowedLatenessMs: 0 }, sales(85, 130))).results.map(words)).toEqual([
    "0-100 1 #1 final",
    "40-140 1+2 #1 final",
    "80-180 1+2 #1 final",
    "120-220 2 #1 final",
  ]);
});

test("events within the allowed lateness are counted, later ones are set aside", async () => {
  const { results, tooLate } = await run({ sizeMs: 100, allowedLatenessMs: 50 }, sales(10, 149, 20, 150, 30, 151));
  expect(results.map(words)).toEqual(["0-100 1+3 #1 final", "100-200 2+4+6 #1 final"]);
  expect(tooLate).toEqual([5]);
});

test("an event that is too late for some of its sliding windows counts in the others", async () => {
  const { results, tooLate } = await run({ sizeMs: 100, everyMs: 50, allowedLatenessMs: 0 }, sales(140, 90, 240, 90));
  expect(results.map(words)).toEqual([
    "50-150 1+2 #1 final",
    "100-200 1 #1 final",
    "150-250 3 #1 final",
    "200-300 3 #1 final",
  ]);
  expect(tooLate).toEqual([4]);
});

test("early and late results are numbered, and the final one comes last", async () => {
  const rules = { sizeMs: 100, allowedLatenessMs: 100, earlyMs: 40, lateResults: true };
  const times = [10, 20, 41, 45, 81, 82, 120, 50, 50, 199, 205];
  expect((await run(rules, sales(...times), 0, 1)).results.filter(({ startMs }) => startMs === 0).map(words)).toEqual([
    "0-100 1+2 #1",
    "0-100 1+2+3+4 #2",
    "0-100 1+2+3+4+5+6 #3",
    "0-100 1+2+3+4+5+6+8 #4",
    "0-100 1+2+3+4+5+6+8+9 #5",
    "0-100 1+2+3+4+5+6+8+9 #6 final",
  ]);
});

test("nothing is told twice when nothing changed but the final result", async () => {
  const rules = { sizeMs: 100, allowedLatenessMs: 50, earlyMs: 10, lateResults: true };
  const again = { id: 1, shop: "a", time: 5 };
  const { results } = await run(rules, [again, again, { id: 2, shop: "a", time: 120 }, again]);
  expect(results.map(words).filter((line) => line.startsWith("0-"))).toEqual(["0-100 1 #1", "0-100 1 #2 final"]);
});

const latenessMs = 60;
const arrivals = fc.array(
  fc.record({
    shop: fc.constantFrom("a", "b", "ü"),
    time: fc.nat(1_500),
    delay: fc.nat(latenessMs),
    again: fc.option(fc.nat(latenessMs), { freq: 4 }),
  }),
  { maxLength: 50 },
);
const everyRule = fc.constantFrom<WindowRules>(
  tumbling,
  { sizeMs: 100, everyMs: 30, allowedLatenessMs: 0 },
  { sizeMs: 100, allowedLatenessMs: 40, earlyMs: 25, lateResults: true },
);

test("shuffled within the lateness, with a fifth of the events twice, finals are byte for byte the same", async () => {
  let repeated = 0;
  await fc.assert(
    fc.asyncProperty(arrivals, everyRule, fc.integer({ min: 1, max: 9 }), async (plans, rules, batch) => {
      const all = plans.map(({ delay, again, ...sale }, i) => ({ sale: { id: i + 1, ...sale }, delay, again }));
      const inOrder = all.map(({ sale }) => sale).sort((a, b) => a.time - b.time || a.id - b.id);
      const shuffled = all
        .flatMap(({ sale, delay, again }) =>
          [delay, ...(again === null ? [] : [again])].map((d) => ({ sale, at: sale.time + d })),
        )
        .sort((a, b) => a.at - b.at)
        .map(({ sale }) => sale);
      repeated += shuffled.length - inOrder.length;
      const finals = async (records: readonly Sale[], size: number) => {
        const { results, tooLate } = await run(rules, records, latenessMs, size);
        expect(tooLate).toEqual([]);
        // Revisions depend on what came when, finals do not.
        return results.filter(({ final }) => final).map(({ revision: _, ...rest }) => rest);
      };
      expect(JSON.stringify(await finals(shuffled, batch))).toBe(JSON.stringify(await finals(inOrder, 7)));
    }),
    { numRuns: 400 },
  );
  expect(repeated).toBeGreaterThan(400);
});

test("every window of every event has exactly one final result, with the event in it unless it was set aside; revisions count up", async () => {
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      everyRule,
      fc.nat(80),
      fc.integer({ min: 1, max: 9 }),
      async (plans, rules, allowed, batch) => {
        const records = plans.map(({ shop, time }, i) => ({ id: i + 1, shop, time }));
        const { results, tooLate } = await run(rules, records, allowed, batch);
        const told = new Map<string, number>();
        for (const { key, startMs, endMs, revision } of results) {
          const window = `${key} ${startMs} ${endMs}`;
          expect(revision).toBe((told.get(window) ?? 0) + 1);
          told.set(window, revision);
        }
        const finals = results.filter(({ final }) => final);
        expect(finals.length).toBe(told.size);
        for (const { id, time } of records) {
          const held = finals.filter(({ value }) => value.includes(id));
          expect(held.length > 0).toBe(!tooLate.includes(id));
          for (const { startMs, endMs } of held) expect(startMs <= time && time < endMs).toBe(true);
        }
        expect(await run(rules, records, allowed, 1)).toEqual({ results, tooLate });
      },
    ),
    { numRuns: 400 },
  );
});

test.each([
  [{ sizeMs: 0, allowedLatenessMs: 0 }, /the size is 0 ms/],
  [{ sizeMs: 10, everyMs: 11, allowedLatenessMs: 0 }, /one every 11 ms with a size of 10 ms/],
  [{ sizeMs: 10_000, everyMs: 1, allowedLatenessMs: 0 }, /each event would be in 10000/],
  [{ sizeMs: 10, allowedLatenessMs: -1 }, /allowed lateness is -1 ms/],
  [{ sizeMs: 10, allowedLatenessMs: 0, earlyMs: 0 }, /early results come every 0 ms/],
])("rules that make no sense are refused: %j", (rules, message) => {
  expect(() => windowed(rules, ids)).toThrow(message);
});

test("the id of a result is that of its flow, key, window and revision", () => {
  const result = { key: "a", startMs: 0, endMs: 100, revision: 1 };
  // Fixed for ever: results that are told again after an upgrade must be recognised.
  expect(resultId("count", result)).toBe("65777ae8-47fc-5903-883d-f336877c2723");
  const others = [
    { ...result, revision: 2 },
    { ...result, key: "b" },
    { ...result, startMs: 50 },
    { ...result, endMs: 50 },
  ];
  const all = [resultId("count", result), resultId("sum", result), ...others.map((other) => resultId("count", other))];
  expect(new Set(all).size).toBe(6);
});
