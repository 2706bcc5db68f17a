import type { Schemas } from "../../../schemas/index.ts";
import { type DecodedEvent, drop, forward, type Reader, readEvent, readThrough } from "../../../stream/index.ts";

export type OrderItem = {
  readonly sku: string;
  readonly quantity: number;
  /** Minor units of the order's currency. */
  readonly unit_amount: number;
  /** Grams. */
  readonly unit_weight: number;
};

/** An `order.created` as the processors see it. */
export type Order = Pick<DecodedEvent, "envelope" | "timeMs" | "place"> & {
  /** Of the event. */
  readonly id: string;
  readonly orderId: string;
  readonly currency: string;
  readonly country: string;
  readonly items: readonly OrderItem[];
};

export function readOrder(schemas: Pick<Schemas, "decode">): Reader<Order> {
  return readThrough(readEvent(schemas), function readOrder({ envelope, timeMs, place, value }) {
    if (envelope.type !== "order.created") return drop("other event type");
    const { order_id, currency, country, items } = value;
    return forward({
      ...{ id: envelope.id, envelope, timeMs, place, orderId: String(order_id) },
      ...{ currency: String(currency), country: String(country), items: items as readonly OrderItem[] },
    });
  });
}
