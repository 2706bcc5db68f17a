import { expect, test } from "vitest";
import {
  type Emitted,
  flow,
  forward,
  type Reader,
  type RememberingStep,
  rememberingFlow,
  type Step,
} from "../../stream/index.ts";
import { createHistories, type Histories, versionAt } from "../../stream/reference/history.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";
import { read, readSale, record, type Sale } from "./shop.ts";

// 5. A join
//
// Two kinds are needed. An event is joined with what is known about a thing (a shop's city), or two events are joined with each other (a sale with
// its payment).

// With reference data: a table in memory, filled from a compacted topic. Shops move, so the table keeps versions, and an event joins the version that
// was valid at the event's time, however late it comes. A step looks up and never changes.
type Shop = { readonly city: string };

function joinShop(shops: Histories<Shop>): Step<Sale, Sale & { readonly city: string | null }> {
  return function joinShop(sale) {
    const history = shops.get(sale.shop);
    // What is not known is no reason to stop: the record goes on and says what is missing.
    return forward({ ...sale, city: history === undefined ? null : versionAt(history, sale.at).city });
  };
}

test("an event joins the version that was valid at its time", async () => {
  const shops = createHistories<Shop>(10);
  shops.add("north", 0, { city: "Kiel" });
  shops.add("north", 1_000, { city: "Husum" });
  const write: Step<Sale & { readonly city: string | null }, Emitted> = function write(sale) {
    return forward({ topic: "located", record: { key: sale.shop, value: Buffer.from(JSON.stringify(sale.city)) } });
  };
  const located = flow("locate").from("sales", readSale).through(joinShop(shops)).to(["located"], write);
  const driver = createTopologyDriver({ flows: [located] });
  const at = (id: string, shop: string, at: number) => record({ id, shop, amount: 1, at });
  await driver.pipe("sales", [at("1", "north", 1_500), at("2", "north", 500), at("3", "nowhere", 0)]);
  expect(driver.output("located").map(read)).toEqual(["Husum", "Kiel", null]);
});

// Two events: both lie in a topic that is keyed by what they share, and a memory waits for the second one. If their topics are keyed otherwise, a
// flow in front writes them into such a topic (examples/orders has one: split-orders).
type Part = { readonly kind: "sale" | "payment"; readonly order: string; readonly at: number };
type Pair = { readonly order: string; readonly saleAt?: number; readonly paymentAt?: number };
const patience = 60_000;

const pair: RememberingStep<Part, Pair, Pair> = {
  keyOf: ({ order }) => order,
  timeOf: ({ at }) => at,
  take(known, { kind, order, at }) {
    const state: Pair = { ...known, order, ...(kind === "sale" ? { saleAt: at } : { paymentAt: at }) };
    const isWhole = state.saleAt !== undefined && state.paymentAt !== undefined;
    // Told at once when both are there. It is remembered for a while, so that a repetition is not taken for half of another pair.
    const wasWhole = known?.saleAt !== undefined && known.paymentAt !== undefined;
    return { state, wakeMs: at + patience, emit: isWhole && !wasWhole ? [state] : [] };
  },
  // Half a pair is told when nothing came for long.
  wake: (state) => ({
    state: undefined,
    emit: state.saleAt === undefined || state.paymentAt === undefined ? [state] : [],
  }),
};

test("two events are joined in whatever order they come; one that stays alone is told as such", async () => {
  const readPart: Reader<Part> = function readPart({ value }) {
    return forward(JSON.parse(String(value)) as Part);
  };
  const pairs = rememberingFlow({
    ...{ name: "pair-payments", source: "parts", read: readPart, step: pair, latenessMs: 0, outputs: ["pairs"] },
    write: (told) => ({
      ...{ topic: "pairs", key: told.order, value: Buffer.from(JSON.stringify(told)) },
      headers: { ce_id: JSON.stringify(told) },
    }),
  });
  const part = (kind: Part["kind"], order: string, at: number) => ({
    key: order,
    value: Buffer.from(JSON.stringify({ kind, order, at })),
  });
  const driver = createTopologyDriver({ remembering: [pairs], partitions: 3 });
  const payment = part("payment", "a", 10);
  await driver.pipe("parts", [payment, part("sale", "b", 15), part("sale", "a", 20), payment]);
  expect(driver.output("pairs").map(read)).toEqual([{ order: "a", paymentAt: 10, saleAt: 20 }]);
  await driver.advance(2 * patience);
  expect(driver.output("pairs").map(read)[1]).toEqual({ order: "b", saleAt: 15 });
});
