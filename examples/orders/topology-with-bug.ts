import { defineTopology, flow, writeEvent } from "../../stream/index.ts";
import { readOrder } from "./steps/order.ts";
import { planDelivery } from "./steps/plan-delivery.ts";

/** Delivery as it was first: it weighs one piece of each line, so that large orders get too few parcels. */
export default defineTopology((schemas) => ({
  flows: [
    flow("plan-deliveries")
      .from("orders", readOrder(schemas))
      .through(planDelivery(1, ({ unit_weight }) => unit_weight))
      .to(["order-deliveries"], writeEvent(schemas)),
  ],
}));
