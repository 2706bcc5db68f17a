import fc from "fast-check";
import { expect, test } from "vitest";
import { type Aggregate, resultId, windowedFlow } from "../../stream/index.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";
import { readSale, record, type Sale } from "./shop.ts";

// 6. Disorder and duplicates
//
// Phones send what they kept hours later, retries repeat, partitions interleave. A processor is right when none of that changes its results. This is
// tested by a property: whatever the events, shuffled within the lateness and some of them twice, they come to what they come to in order and once.

const minute = 60_000;
const latenessMs = 30_000;

/** A flow that sums the sales of each shop and minute, by the aggregate that is tested. */
function summing<Value>(aggregate: Aggregate<Sale, Value>) {
  return windowedFlow<Sale, Value>({
    ...{ name: "sum", source: "sales", read: readSale, aggregate, latenessMs, outputs: ["sums"] },
    windows: { sizeMs: minute, allowedLatenessMs: 0 },
    write: (result) => ({
      ...{
        topic: "sums",
        key: result.key,
        value: Buffer.from(JSON.stringify([result.key, result.startMs, result.value])),
      },
      headers: { ce_id: resultId("sum", result) },
    }),
  });
}
const keys = { keyOf: ({ shop }: Sale) => shop, timeOf: ({ at }: Sale) => at };

/** Adds what it is given: right only while nothing comes twice. */
const naive = summing<number>({ ...keys, add: (sum = 0, { amount }) => sum + amount });
/** Knows what it has seen. */
const exact = summing<Readonly<Record<string, number>>>({
  ...keys,
  add: (sales = {}, { id, amount }) =>
    id in sales ? sales : Object.fromEntries(Object.entries({ ...sales, [id]: amount }).sort()),
});

async function results(flow: typeof exact, sales: readonly Sale[], batchSize: number): Promise<readonly string[]> {
  const driver = createTopologyDriver({ remembering: [flow], batchSize, partitions: 2 });
  await driver.pipe("sales", sales.map(record));
  await driver.advance(60 * minute);
  return driver
    .output("sums")
    .map(({ value }) => String(value))
    .sort();
}

/** Sales, and for each how late it comes, and whether it comes again and when. */
const plan = fc.array(
  fc.record({
    shop: fc.constantFrom("north", "south"),
    amount: fc.integer({ min: 1, max: 9 }),
    at: fc.nat(10 * minute),
    delay: fc.nat(latenessMs - 1),
    again: fc.nat(4),
    later: fc.nat(latenessMs - 1),
  }),
  { maxLength: 40 },
);
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

function inOrder(moves: Plan): Sale[] {
  return moves.map(({ shop, amount, at }, i) => ({ id: `s${i}`, shop, amount, at })).sort((a, b) => a.at - b.at);
}
function asTheyCome(moves: Plan): Sale[] {
  return moves
    .flatMap(({ shop, amount, at, delay, again, later }, i) => {
      const sale: Sale = { id: `s${i}`, shop, amount, at };
      const once = { sale, arrives: at + delay };
      return again === 0 ? [once, { sale, arrives: at + later }] : [once];
    })
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ sale }) => sale);
}
const holdsFor = (flow: typeof exact) =>
  fc.assert(
    fc.asyncProperty(plan, fc.integer({ min: 1, max: 9 }), async (moves, batchSize) => {
      expect(await results(flow, asTheyCome(moves), batchSize)).toEqual(await results(flow, inOrder(moves), 100));
    }),
    { numRuns: 100 },
  );

test("an aggregate that knows what it has seen holds", () => holdsFor(exact));

// A test is worth something when it fails for what is wrong.
test("one that does not is found out", () => expect(holdsFor(naive as never)).rejects.toThrow());
