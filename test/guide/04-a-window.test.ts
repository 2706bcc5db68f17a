import { expect, test } from "vitest";
import { resultId, type WindowResult, windowedFlow } from "../../stream/index.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";
import { read, readSale, record, type Sale } from "./shop.ts";

// 4. A window
//
// The commonest memory is a window: the events of a key in each minute, say. One writes down which windows there are and how an event is added;
// when results come is the engine's business. docs/windows.md has all rules.

const minute = 60_000;
/** Sales by id: adding one twice changes nothing, and neither does the order. */
type Sales = Readonly<Record<string, number>>;

const byMinute = windowedFlow<Sale, Sales>({
  name: "sales-by-minute",
  source: "sales",
  read: readSale,
  windows: { sizeMs: minute, allowedLatenessMs: 0 },
  aggregate: {
    keyOf: ({ shop }) => shop,
    timeOf: ({ at }) => at,
    // Gives the value itself for a record that changes nothing. Keys in order, so that the same sales are the same bytes.
    add: (sales = {}, { id, amount }) =>
      id in sales ? sales : Object.fromEntries(Object.entries({ ...sales, [id]: amount }).sort()),
  },
  latenessMs: 10_000,
  write: (result: WindowResult<Sales>) => ({
    topic: "sales-by-minute",
    key: result.key,
    value: Buffer.from(JSON.stringify({ shop: result.key, from: result.startMs, sales: result.value })),
    headers: { ce_id: resultId("sales-by-minute", result) },
  }),
  outputs: ["sales-by-minute"],
});

const sale = (id: string, at: number): Sale => ({ id, shop: "north", amount: 100, at });

test("each window gives one final result, when event time has left it behind", async () => {
  const driver = createTopologyDriver({ remembering: [byMinute] });
  await driver.pipe("sales", [sale("1", 5_000), sale("2", 59_999), sale("3", 60_000)].map(record));
  // The newest event is at 60 s, and events may lie out of order by 10 s: the first minute may still get some.
  expect(driver.output("sales-by-minute")).toEqual([]);
  await driver.pipe("sales", [record(sale("4", 70_000))]);
  expect(driver.output("sales-by-minute").map(read)).toEqual([{ shop: "north", from: 0, sales: { 1: 100, 2: 100 } }]);
});

// An event whose windows are all closed is too late. It is neither counted nor lost: its bytes go to the topic `late-events`.
test("an event that comes too late is kept apart", async () => {
  const driver = createTopologyDriver({ remembering: [byMinute] });
  await driver.pipe("sales", [sale("1", 5_000), sale("2", 200_000), sale("3", 6_000)].map(record));
  expect(driver.output("sales-by-minute").map(read)).toEqual([{ shop: "north", from: 0, sales: { 1: 100 } }]);
  const [late] = driver.output("late-events");
  expect(late?.headers).toMatchObject({ ce_id: "3", late_flow: "sales-by-minute", late_topic: "sales" });
});
