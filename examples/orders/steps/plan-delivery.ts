import { deriveEvent, forward, type NewEvent, type Step } from "../../../stream/index.ts";
import type { Order, OrderItem } from "./order.ts";

const maxParcelGrams = 20_000;

/** How an order is sent. @param weigh the weight of a line of it, in grams */
export function planDelivery(revision: number, weigh: (item: OrderItem) => number): Step<Order, NewEvent> {
  return function planDelivery({ envelope, orderId, country, items }) {
    const weight = items.reduce((sum, item) => sum + weigh(item), 0);
    const parcels = Math.max(1, Math.ceil(weight / maxParcelGrams));
    const data = { order_id: orderId, revision, country, weight, parcels };
    return forward(deriveEvent(envelope, { type: "order.delivery", by: "plan-deliveries", subject: orderId, data }));
  };
}

/** All pieces of a line. */
export function weighLine({ quantity, unit_weight }: OrderItem): number {
  return quantity * unit_weight;
}
