import fc from "fast-check";
import { expect, test } from "vitest";
import { remember } from "../../../stream/state/remember.ts";
import type { Memory, RememberingStep } from "../../../stream/state/remembering-step.ts";

type Tick = { readonly key: string; readonly time: number };
type Count = { readonly until: number; readonly times: readonly number[] };

/** Counts the events of each key in windows of 100 ms; an event that is late for its window opens it again. */
const counting: RememberingStep<Tick, Count, string> = {
  keyOf: ({ key, time }) => `${key}/${Math.floor(time / 100)}`,
  timeOf: ({ time }) => time,
  take(state, { time }) {
    const until = (Math.floor(time / 100) + 1) * 100;
    const times = [...(state?.times ?? []), time].sort((a, b) => a - b);
    return { state: { until, times }, wakeMs: until, emit: [] };
  },
  wake: ({ until, times }) => ({ state: undefined, emit: [`until ${until}: ${times.join(" ")}`] }),
};

/** Runs the records in batches of the given sizes, with all wake-ups at hand; then time passes to the end. */
function run(records: readonly Tick[], sizes: readonly number[], latenessMs = 50) {
  const memories = new Map<string, Memory<Count>>();
  const emitted: string[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  let late = 0;
  let rest = records;
  for (let i = 0; rest.length > 0; i++) {
    const batch = rest.slice(0, sizes[i % sizes.length] ?? 1);
    rest = rest.slice(batch.length);
    const after = remember(counting, { records: batch, memories, watermark, horizon: Infinity }, latenessMs);
    expect(after.taken).toBe(batch.length);
    expect(after.watermark).toBeGreaterThanOrEqual(watermark);
    watermark = after.watermark;
    late += after.late;
    emitted.push(...after.emitted);
  }
  const end = remember(counting, { records: [], memories, watermark, horizon: Infinity, passTo: 1e9 }, latenessMs);
  return { emitted: [...emitted, ...end.emitted], late };
}

const ticks = fc.array(fc.record({ key: fc.constantFrom("a", "b", "ü"), time: fc.nat(2_000) }), { maxLength: 60 });

test("what comes out does not depend on how records are cut into batches", () => {
  fc.assert(
    fc.property(ticks, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }), (records, sizes) => {
      expect(run(records, sizes)).toEqual(run(records, [1]));
    }),
    { numRuns: 500 },
  );
});

test("records out of order by no more than the lateness come to the same as in order", () => {
  const jitter = fc.array(fc.nat(49), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(ticks, jitter, (records, delays) => {
      const inOrder = [...records].sort((a, b) => a.time - b.time);
      const shuffled = inOrder
        .map((record, i) => ({ record, at: record.time + (delays[i] ?? 0) }))
        .sort((a, b) => a.at - b.at)
        .map(({ record }) => record);
      const result = run(shuffled, [7]);
      expect(result.late).toBe(0);
      expect(result.emitted).toEqual(run(inOrder, [7]).emitted);
    }),
    { numRuns: 500 },
  );
});

test("stops before a record that would wake keys behind the horizon, after waking those before it", () => {
  const memories = new Map<string, Memory<Count>>([
    ["a/0", { state: { until: 100, times: [1] }, wakeMs: 100 }],
    ["b/0", { state: { until: 100, times: [2] }, wakeMs: 100 }],
  ]);
  const records = [
    { key: "a", time: 90 },
    { key: "a", time: 900 },
  ];
  const after = remember(counting, { records, memories, watermark: 0, horizon: 200 }, 0);
  expect(after.taken).toBe(1);
  expect(after.watermark).toBe(200);
  expect(after.emitted).toEqual(["until 100: 1 90", "until 100: 2"]);
});

test("a record older than the watermark is late, and the watermark never goes back", () => {
  const moments: unknown[] = [];
  const watching: typeof counting = {
    ...counting,
    take(state, record, moment) {
      moments.push(moment);
      return counting.take(state, record, moment);
    },
  };
  const records = [
    { key: "a", time: 500 },
    { key: "a", time: 449 },
    { key: "a", time: 450 },
  ];
  remember(watching, { records, memories: new Map(), watermark: -Infinity, horizon: Infinity }, 50);
  expect(moments).toEqual([
    { watermark: 450, late: false },
    { watermark: 450, late: true },
    { watermark: 450, late: false },
  ]);
});
