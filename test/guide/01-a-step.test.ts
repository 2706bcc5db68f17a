import { expect, test } from "vitest";
import { deadLetter, drop, forward, type Step } from "../../stream/index.ts";
import type { Sale } from "./shop.ts";

// 1. A step
//
// Everything that happens to a record between two topics happens in steps. A step is a function from one record to a verdict. It says what
// should happen and does nothing itself: it holds no producer, reads no clock, waits for nothing. So it can be tested as what it is, a function.

type Priced = Sale & { readonly vat: number };

/** A factory that returns a named function: the name is the step's name in metrics and dead letters. */
function addVat(percent: number): Step<Sale, Priced> {
  return function addVat(sale) {
    // What is nobody's fault and of no use is left out; the reason is a fixed word or two, since it becomes a label of a counter.
    if (sale.amount === 0) return drop("free of charge");
    // What somebody has to look at keeps its original bytes in the topic `dead-letters`; the reason may hold data.
    if (sale.amount < 0) return deadLetter("stream_event_unexpected", `the amount is ${sale.amount}`);
    // Everything else goes on. A step never changes what it was given: it makes a new one.
    return forward({ ...sale, vat: Math.round((sale.amount * percent) / 100) });
  };
}

const sale: Sale = { id: "1", shop: "north", amount: 500, at: 0 };

test("a step goes on with a record, leaves it out, or keeps it for repair", () => {
  const step = addVat(19);
  expect(step(sale)).toEqual(forward({ ...sale, vat: 95 }));
  expect(step({ ...sale, amount: 0 })).toEqual(drop("free of charge"));
  expect(step({ ...sale, amount: -1 })).toMatchObject({ type: "dead-letter", reason: "the amount is -1" });
});

// One record may become several, in this order, or none.
test("a step may go on with several records", () => {
  const halve: Step<Sale, Sale> = function halve(whole) {
    const half = { ...whole, amount: whole.amount / 2 };
    return forward({ ...half, id: `${whole.id}a` }, { ...half, id: `${whole.id}b` });
  };
  expect(halve(sale)).toMatchObject({ records: [{ id: "1a", amount: 250 }, { id: "1b" }] });
});

// That is the whole contract. It is kept strict for one reason: a batch that is read again after a crash must give the same bytes again, so that
// whoever comes behind recognises the repetition. A step that used the time of day or a random id would make a new event of an old one.
test("the same record gives the same verdict", () => {
  expect(addVat(19)(sale)).toEqual(addVat(19)(sale));
});
