import { defineTopology, flow, recordOf, rememberingFlow, writeEvent } from "../../stream/index.ts";
import { readOrder } from "./steps/order.ts";
import { planDelivery, weighLine } from "./steps/plan-delivery.ts";
import { splitOrder } from "./steps/split-order.ts";
import { takePayment } from "./steps/take-payment.ts";
import { readStockMove, trackStock, writeStockLevel } from "./steps/track-stock.ts";

/** Payment, delivery and inventory. Each flow has a consumer group of its own, and none knows of the others. */
export default defineTopology((schemas) => ({
  flows: [
    flow("take-payments")
      .from("orders", readOrder(schemas))
      .through(takePayment(1))
      .to(["order-payments"], writeEvent(schemas)),

    // Version 1 weighed one piece of each line (topology-with-bug.ts). A new name reads every order again, a new revision prevails.
    flow("plan-deliveries-2")
      .from("orders", readOrder(schemas))
      .through(planDelivery(2, weighLine))
      .to(["order-deliveries"], writeEvent(schemas)),
  ],
  remembering: [
    rememberingFlow({
      ...{ name: "split-orders", source: "orders", read: readOrder(schemas), step: splitOrder() },
      ...{ latenessMs: 0, write: recordOf(schemas), outputs: ["stock"] },
    }),
    rememberingFlow({
      ...{ name: "track-stock", source: "stock", read: readStockMove(schemas), step: trackStock() },
      ...{ latenessMs: 0, write: writeStockLevel(schemas), outputs: ["stock-levels"] },
    }),
  ],
}));
