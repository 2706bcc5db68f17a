import { expect, test } from "vitest";
import { drop, type Emitted, flow, forward, headersOf, type Reader, type Step } from "../../stream/index.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";
import { read, readSale, record, type Sale } from "./shop.ts";

// 2. A chain
//
// A flow is a way from a topic to a topic: a reader, steps, and a last step that says which topic gets which bytes. It is data. In production
// `hailstream stream` runs it against Kafka; in a test the driver runs the very same object in memory.

const leaveOutTrials: Step<Sale, Sale> = function leaveOutTrials(sale) {
  return sale.shop === "trial" ? drop("trial") : forward(sale);
};

const writeReceipt: Step<Sale, Emitted> = function writeReceipt({ id, shop, amount }) {
  const value = Buffer.from(JSON.stringify({ receipt: `r-${id}`, amount }));
  // The id is made of the source's id: a repetition of the sale is a repetition of the receipt.
  return forward({ topic: "receipts", record: { key: shop, value, headers: { ce_id: `r-${id}` } } });
};

const receipts = flow("write-receipts")
  .from("sales", readSale)
  // TypeScript checks that each step takes what the one before gives.
  .through(leaveOutTrials)
  .to(["receipts"], writeReceipt);

const sale = (id: string, shop = "north"): Sale => ({ id, shop, amount: 500, at: 0 });

test("records go through the steps in their order", async () => {
  const driver = createTopologyDriver({ flows: [receipts] });
  await driver.pipe("sales", [record(sale("1")), record(sale("2", "trial")), record(sale("3"))]);
  expect(driver.output("receipts").map(read)).toEqual([
    { receipt: "r-1", amount: 500 },
    { receipt: "r-3", amount: 500 },
  ]);
  expect(driver.turnedAway).toEqual([
    { flow: "write-receipts", step: "leaveOutTrials", verdict: "drop", reason: "trial" },
  ]);
});

// A record that nobody can read harms no other. It is kept, with its own bytes, and with headers that say why and where it was.
test("what cannot be read is kept, and the rest goes on", async () => {
  const driver = createTopologyDriver({ flows: [receipts] });
  await driver.pipe("sales", [{ key: "north", value: Buffer.from("{broken") }, record(sale("2"))]);
  expect(driver.output("receipts")).toHaveLength(1);
  const [letter] = driver.output("dead-letters");
  expect(String(letter?.value)).toBe("{broken");
  expect(letter?.headers).toMatchObject({ dl_step: "readSale", dl_topic: "sales", dl_offset: "0" });
});

// Flows never call each other. They meet in topics, each at its own pace, and a second one is added without touching the first.
test("a flow may read what another one writes", async () => {
  type Receipt = { readonly amount: number; readonly emit: Emitted["record"] };
  const readReceipt: Reader<Receipt> = function readReceipt(source) {
    const { amount } = JSON.parse(String(source.value)) as Receipt;
    return forward({ amount, emit: { key: source.key, value: source.value, headers: headersOf(source) } });
  };
  const large = flow("choose-large")
    .from("receipts", readReceipt)
    .to(["large-receipts"], function chooseLarge({ amount, emit }) {
      return amount > 400 ? forward({ topic: "large-receipts", record: emit }) : drop("small");
    });
  const driver = createTopologyDriver({ flows: [receipts, large] });
  await driver.pipe("sales", [record(sale("1")), record({ ...sale("2"), amount: 5 })]);
  expect(driver.output("large-receipts").map(read)).toEqual([{ receipt: "r-1", amount: 500 }]);
});
