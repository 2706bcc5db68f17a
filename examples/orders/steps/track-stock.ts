import type { Schemas } from "../../../schemas/index.ts";
import type { OutboxRecord } from "../../../store/index.ts";
import {
  type Counted,
  type DecodedEvent,
  deriveEvent,
  drop,
  type EventSchemas,
  forward,
  isCounted,
  type Place,
  type Reader,
  type RememberingStep,
  readEvent,
  readThrough,
  recordOf,
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

/** What there is of an article after a move. */
export type StockLevel = Omit<Stock, "counted"> & Pick<StockMove, "envelope" | "sku">;

/** Adds up what came in and what was ordered of each article, each move once. @param piecesOf how many pieces a move takes away */
export function trackStock(
  piecesOf: (move: StockMove) => number = ({ ordered }) => ordered,
): RememberingStep<StockMove, Stock, StockLevel> {
  return {
    keyOf: ({ sku }) => sku,
    timeOf: ({ timeMs }) => timeMs,
    take(known, move) {
      const { envelope, sku, received, place } = move;
      if (isCounted(known?.counted, place)) return { state: known, emit: [] };
      const sums = {
        received: (known?.received ?? 0) + received,
        ordered: (known?.ordered ?? 0) + piecesOf(move),
        revision: (known?.revision ?? 0) + 1,
      };
      return { state: { ...sums, counted: withPlace(known?.counted, place) }, emit: [{ envelope, sku, ...sums }] };
    },
    wake: (state) => ({ state, emit: [] }),
  };
}

export function writeStockLevel(schemas: EventSchemas): (level: StockLevel) => OutboxRecord {
  const write = recordOf(schemas);
  return ({ envelope, sku, revision, received, ordered }) => {
    const data = { sku, revision, received, ordered, available: received - ordered };
    return write(deriveEvent(envelope, { type: "stock.level", by: "track-stock", subject: sku, data }));
  };
}
