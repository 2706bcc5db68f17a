import { expect, test } from "vitest";
import { type RememberingStep, rememberingFlow } from "../../stream/index.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";
import { read, readSale, record, type Sale } from "./shop.ts";

// 3. A memory
//
// A step that remembers has a state for each key. It is as pure as any step: it is given the state and gives the new one. In production the
// state, the place in the topic and what is emitted change in one transaction of Postgres, so that they are kept or lost together.

const hour = 3_600_000;

/** What is remembered of a shop: its sales since it was told of last. It must survive JSON: no Date, no Map, no undefined inside. */
type Till = {
  readonly shop: string;
  readonly sales: readonly string[];
  readonly amount: number;
  readonly last: number;
};
type Closed = { readonly shop: string; readonly sales: number; readonly amount: number; readonly last: number };

/** Tells what a shop sold once nothing was sold there for an hour. */
const closeTill: RememberingStep<Sale, Till, Closed> = {
  // Whose memory a record changes. All records of a key lie in one partition, so this is what the topic is keyed by.
  keyOf: ({ shop }) => shop,
  // The event's own time. Time in a step is always event time; there is no other clock.
  timeOf: ({ at }) => at,

  // What a record does to the memory of its key.
  take(known, { id, shop, amount, at }) {
    const till = known ?? { shop, sales: [], amount: 0, last: at };
    const isNew = !till.sales.includes(id);
    const last = Math.max(till.last, at);
    const state = isNew ? { shop, sales: [...till.sales, id], amount: till.amount + amount, last } : till;
    // "Look at this key again when event time has come so far."
    return { state, wakeMs: last + hour, emit: [] };
  },

  // What the passing of time does to it. Giving no state forgets the key.
  wake: ({ shop, sales, amount, last }) => ({ state: undefined, emit: [{ shop, sales: sales.length, amount, last }] }),
};

const tills = rememberingFlow({
  name: "close-tills",
  source: "sales",
  read: readSale,
  step: closeTill,
  // Events may lie out of order by so much without being late: event time (the watermark) stays so far behind the newest.
  latenessMs: 60_000,
  write: (closed) => ({
    topic: "closed-tills",
    key: closed.shop,
    value: Buffer.from(JSON.stringify(closed)),
    headers: { ce_id: `${closed.shop}/${closed.last}` },
  }),
  outputs: ["closed-tills"],
});

const sale = (id: string, shop: string, at: number): Sale => ({ id, shop, amount: 100, at });

test("a memory speaks when event time has come far enough", async () => {
  const driver = createTopologyDriver({ remembering: [tills] });
  await driver.pipe("sales", [record(sale("1", "north", 0)), record(sale("2", "north", 10_000))]);
  expect(driver.output("closed-tills")).toEqual([]);
  expect(JSON.parse(driver.memory("close-tills").get("north")?.value ?? "")).toMatchObject({ amount: 200 });

  // Another shop sells something much later: that moves the time of their partition.
  await driver.pipe("sales", [record(sale("3", "south", 3 * hour))]);
  expect(driver.output("closed-tills").map(read)).toEqual([{ shop: "north", sales: 2, amount: 200, last: 10_000 }]);
  expect([...driver.memory("close-tills").keys()]).toEqual(["south"]);
});

// Event time is told by events. Where none come, the clock takes over after a while, or the last shop would wait for ever.
test("when nothing comes any more, time goes on by the clock", async () => {
  const driver = createTopologyDriver({ remembering: [tills] });
  await driver.pipe("sales", [record(sale("1", "north", 0))]);
  await driver.advance(hour);
  expect(driver.output("closed-tills")).toEqual([]);
  await driver.advance(60_000);
  expect(driver.output("closed-tills")).toHaveLength(1);
});
