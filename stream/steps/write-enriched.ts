import type { EnrichmentEncoder, Schemas } from "../../schemas/index.ts";
import { type Emitted, headersOf } from "../flow.ts";
import { forward, type Step } from "../step.ts";
import type { Enriching } from "./enriching.ts";

/**
 * The enriched record: the event's own bytes with what was found behind them; key, headers (so id and time) and partition as
 * they came. It goes to the enriched topic of its type.
 */
export function writeEnriched(schemas: Pick<Schemas, "enrichmentEncoder">): Step<Enriching, Emitted> {
  const encoders = new Map<string, EnrichmentEncoder>();
  const encoderOf = (type: string) => {
    const encoder = encoders.get(type) ?? schemas.enrichmentEncoder(type);
    encoders.set(type, encoder);
    return encoder;
  };

  return function writeEnriched({ type, body, source, partition, cityId, cell, driver, vehicleId, vehicle, missing }) {
    const value = encoderOf(type.name).append(body, {
      city_id: cityId,
      h3_cell: cell,
      driver_rating: driver === null ? null : driver.rating,
      driver_home_city_id: driver === null ? null : driver.homeCityId,
      enriched_vehicle_id: vehicleId,
      vehicle_class: vehicle === null ? null : vehicle.vehicleClass,
      vehicle_capacity: vehicle === null ? null : vehicle.capacity,
      enrichment_missing: missing,
    });
    // The reader lets no type through that is not enriched.
    const topic = type.enriched?.topic ?? "";
    return forward({ topic, record: { key: source.key, value, headers: headersOf(source), partition } });
  };
}
