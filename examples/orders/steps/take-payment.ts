import { deriveEvent, forward, type NewEvent, type Step } from "../../../stream/index.ts";
import type { Order } from "./order.ts";

/** From this total on a person decides, in minor units. */
const approvalAmount = 100_000;

/** What an order costs. */
export function takePayment(revision: number): Step<Order, NewEvent> {
  return function takePayment({ envelope, orderId, currency, items }) {
    const amount = items.reduce((sum, { quantity, unit_amount }) => sum + quantity * unit_amount, 0);
    const status = amount < approvalAmount ? "charged" : "needs_approval";
    const data = { order_id: orderId, revision, status, amount, currency };
    return forward(deriveEvent(envelope, { type: "order.payment", by: "take-payments", subject: orderId, data }));
  };
}
