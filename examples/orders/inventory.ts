import type { Schemas } from "../../schemas/index.ts";
import { type RememberingFlow, recordOf, rememberingFlow } from "../../stream/index.ts";
import { readOrder } from "./steps/order.ts";
import { splitOrder } from "./steps/split-order.ts";
import { readStockMove, type StockMove, trackStock, writeStockLevel } from "./steps/track-stock.ts";

/** The two processors of the stock, which remember. @param piecesOf how many pieces a move takes away */
export function inventory(schemas: Schemas, piecesOf?: (move: StockMove) => number): readonly RememberingFlow[] {
  return [
    rememberingFlow({
      ...{ name: "split-orders", source: "orders", read: readOrder(schemas), step: splitOrder() },
      ...{ latenessMs: 0, write: recordOf(schemas), outputs: ["stock"] },
    }),
    rememberingFlow({
      ...{ name: "track-stock", source: "stock", read: readStockMove(schemas), step: trackStock(piecesOf) },
      ...{ latenessMs: 0, write: writeStockLevel(schemas), outputs: ["stock-levels"] },
    }),
  ];
}
