import { defineTopology, flow, writeEvent } from "../../stream/index.ts";
import { inventory } from "./inventory.ts";
import { readOrder } from "./steps/order.ts";
import { planDelivery } from "./steps/plan-delivery.ts";
import { takePayment } from "./steps/take-payment.ts";

/** Payment, delivery and inventory. Each flow has a consumer group of its own, and none knows of the others. */
export default defineTopology((schemas) => ({
  flows: [
    flow("take-payments")
      .from("orders", readOrder(schemas))
      .through(takePayment(1))
      .to(["order-payments"], writeEvent(schemas)),

    flow("plan-deliveries")
      .from("orders", readOrder(schemas))
      .through(planDelivery(1))
      .to(["order-deliveries"], writeEvent(schemas)),
  ],
  remembering: inventory(schemas),
}));
