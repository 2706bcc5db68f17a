import { deriveEvent, type NewEvent, once, type RememberingStep } from "../../../stream/index.ts";
import type { Order } from "./order.ts";

const day = 24 * 3_600_000;

/**
 * Lets each order pass once, as one event for each article in it: stock is kept by article, so its topic has another key than that of orders. Says where the
 * order was read, by which whoever comes behind knows a repetition.
 */
export function splitOrder(): RememberingStep<Order, number, NewEvent> {
  const { keyOf, timeOf, take, wake } = once<Order>(day);
  return {
    keyOf,
    timeOf,
    take(known, order, moment) {
      const { emit, ...change } = take(known, order, moment);
      return { ...change, emit: emit.flatMap(linesOf) };
    },
    wake(state, moment) {
      return { ...wake(state, moment), emit: [] };
    },
  };
}

function linesOf({ envelope, orderId, items, place }: Order): readonly NewEvent[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => {
    const at = { read_from: place.readFrom, read_offset: place.readOffset };
    const data = { sku, order_id: orderId, quantity, ...at };
    return deriveEvent(envelope, { type: "order.line", by: "split-orders", subject: `${orderId}/${sku}`, data });
  });
}
