import { expect, test } from "vitest";
import { type RememberingStep, rememberingFlow } from "../../stream/index.ts";
import { createTopologyDriver, dieEverywhere, type TopologyDriver } from "../support/topology-driver.ts";
import { read, readSale, record, type Sale } from "./shop.ts";

// 7. Crashes
//
// A process may end at any moment: between two records that it writes, behind a transaction and before Kafka has heard of it. The driver counts
// every effect of a run, and `dieEverywhere` plays the run again for each, with a death there. What the process had in memory is gone then; the topics
// and the store stay. It is started again and goes on as it would in production.

type Count = { readonly shop: string; readonly sales: number };

/** Says after each sale how many there were. */
function counting(step: RememberingStep<Sale, Count, Count>) {
  return rememberingFlow({
    ...{ name: "count-sales", source: "sales", read: readSale, step, latenessMs: 0, outputs: ["counts"] },
    write: (count) => ({
      ...{ topic: "counts", key: count.shop, value: Buffer.from(JSON.stringify(count)) },
      headers: { ce_id: `${count.shop}/${count.sales}` },
    }),
  });
}
const keys = { keyOf: ({ shop }: Sale) => shop, timeOf: ({ at }: Sale) => at };

/** What it knows is in the state, and nowhere else. */
const pure: RememberingStep<Sale, Count, Count> = {
  ...keys,
  take(known, { shop }) {
    const state = { shop, sales: (known?.sales ?? 0) + 1 };
    return { state, emit: [state] };
  },
  wake: (state) => ({ state, emit: [] }),
};

const sales = ["1", "2", "3", "4", "5"].map((id, i) =>
  record({ id, shop: i % 2 === 0 ? "north" : "south", amount: 1, at: i }),
);
/** The run: makes a driver with the deaths it is told, and pipes everything through it. */
async function play(flow: ReturnType<typeof counting>, deaths: readonly number[]): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ remembering: [flow], deaths, batchSize: 2 });
  await driver.pipe("sales", sales);
  return driver;
}
/** Repetitions are allowed, since whoever reads the topic knows them by their id; anything else is not. */
const expected = [
  { shop: "north", sales: 1 },
  { shop: "south", sales: 1 },
  { shop: "north", sales: 2 },
  { shop: "south", sales: 2 },
  { shop: "north", sales: 3 },
];

test("a death at any effect, and another soon after it, changes nothing", async () => {
  const flow = counting(pure);
  const times = await dieEverywhere(
    (deaths) => play(flow, deaths),
    (driver, where) => {
      expect(driver.distinct("counts").map(read), where).toEqual(expected);
      // Nothing waits to be written, and nothing is held twice.
      expect(driver.waiting, where).toBe(0);
      expect(driver.memory("count-sales").size, where).toBe(2);
    },
    [0, 1, 5],
  );
  expect(times).toBeGreaterThan(100);
});

// Here is the mistake that this finds: something that is remembered outside of the state. It counts a record again that is read again.
test("a step that remembers behind the engine's back is found out", async () => {
  const secret = new Map<string, number>();
  const impure: typeof pure = {
    ...pure,
    take(_known, { shop }) {
      secret.set(shop, (secret.get(shop) ?? 0) + 1);
      const state = { shop, sales: secret.get(shop) ?? 0 };
      return { state, emit: [state] };
    },
  };
  const proof = dieEverywhere(
    (deaths) => {
      secret.clear();
      return play(counting(impure), deaths);
    },
    (driver, where) => expect(driver.distinct("counts").map(read), where).toEqual(expected),
  );
  await expect(proof).rejects.toThrow(/deaths after \d+ effects/);
});

// The other way to lose a partition: it is given to another process while this one still works. What this one stores under its old claim is refused.
test("partitions that change hands between any two batches give the same", async () => {
  const driver = createTopologyDriver({ remembering: [counting(pure)] });
  for (const sale of sales) {
    driver.rebalance();
    await driver.pipe("sales", [sale]);
  }
  expect(driver.distinct("counts").map(read)).toEqual(expected);
});
