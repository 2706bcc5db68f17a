import type { Schemas } from "../../../schemas/index.ts";
import {
  type Counted,
  type DecodedEvent,
  deriveEvent,
  drop,
  forward,
  isCounted,
  type NewEvent,
  type Place,
  type Reader,
  type RememberingStep,
  readEvent,
  readThrough,
  withPlace,
} from "../../../stream/index.ts";

/** Pieces of an article that came in or were ordered. */
export type StockMove = Pick<DecodedEvent, "envelope" | "timeMs" | "place"> & {
  readonly sku: string;
  readonly received: number;
  readonly ordered: number;
};

type Stock = {
  readonly received: number;
  readonly ordered: number;
  readonly revision: number;
  readonly counted: Counted;
};

export function readStockMove(schemas: Pick<Schemas, "decode">): Reader<StockMove> {
  return readThrough(readEvent(schemas), function readStockMove({ envelope, timeMs, place, value }) {
    const sku = String(value.sku);
    const quantity = Number(value.quantity);
    if (envelope.type === "stock.received") {
      return forward({ envelope, timeMs, place, sku, received: quantity, ordered: 0 });
    }
    if (envelope.type !== "order.line") return drop("other event type");
    const from: Place = { readFrom: String(value.read_from), readOffset: Number(value.read_offset) };
    return forward({ envelope, timeMs, place: from, sku, received: 0, ordered: quantity });
  });
}

/** Adds up what came in and what was ordered of each article, each move once. */
export function trackStock(): RememberingStep<StockMove, Stock, NewEvent> {
  return {
    keyOf: ({ sku }) => sku,
    timeOf: ({ timeMs }) => timeMs,
    take(known, { envelope, sku, received, ordered, place }) {
      if (isCounted(known?.counted, place)) return { state: known, emit: [] };
      const stock: Stock = {
        received: (known?.received ?? 0) + received,
        ordered: (known?.ordered ?? 0) + ordered,
        revision: (known?.revision ?? 0) + 1,
        counted: withPlace(known?.counted, place),
      };
      const { counted: _, ...sums } = stock;
      const data = { sku, ...sums, available: stock.received - stock.ordered };
      const level = { type: "stock.level", by: "track-stock", subject: sku, data };
      return { state: stock, emit: [deriveEvent(envelope, level)] };
    },
    wake: (state) => ({ state, emit: [] }),
  };
}
