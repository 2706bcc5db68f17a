import { deriveEvent, forward, type NewEvent, type Step } from "../../../stream/index.ts";
import type { Order } from "./order.ts";

const maxParcelGrams = 20_000;

/** How an order is sent. */
export function planDelivery(revision: number): Step<Order, NewEvent> {
  return function planDelivery({ envelope, orderId, country, items }) {
    const weight = items.reduce((sum, { quantity, unit_weight }) => sum + quantity * unit_weight, 0);
    const parcels = Math.max(1, Math.ceil(weight / maxParcelGrams));
    const data = { order_id: orderId, revision, country, weight, parcels };
    return forward(deriveEvent(envelope, { type: "order.delivery", by: "plan-deliveries", subject: orderId, data }));
  };
}
