import type { OutgoingRecord } from "../../kafka/index.ts";
import type { EnrichmentEncoder, Schemas } from "../../schemas/index.ts";
import { type Emitted, headersOf } from "../flow.ts";
import { forward, type Step } from "../step.ts";
import type { Enriching } from "./enriching.ts";

/** Where events are kept whose driver or vehicle has no profile yet; see docs/enrichment.md. */
export const waitingTopic = "enrichment-waiting";

/**
 * The enriched record: the event's own bytes with what was found behind them; key, headers (so id and time) and partition as
 * they came. It goes to the enriched topic of its type. An event that lacks a profile goes out too, flagged, and as it came into the topic
 * where it waits to be enriched again.
 */
export function writeEnriched(schemas: Pick<Schemas, "enrichmentEncoder">): Step<Enriching, Emitted> {
  const encode = encodeEnriched(schemas);
  return function writeEnriched(record) {
    const { type, source, partition } = record.event;
    // The reader lets no type through that is not enriched.
    const topic = type.enriched?.topic ?? "";
    const enriched = {
      topic,
      record: { key: source.key, value: encode(record, 0), headers: headersOf(source), partition },
    };
    const awaited = awaitedBy(record);
    return awaited === undefined ? forward(enriched) : forward(enriched, waiting(record, awaited));
  };
}

/** The bytes of an enriched event. @param revision how many times it was enriched before */
export function encodeEnriched(
  schemas: Pick<Schemas, "enrichmentEncoder">,
): (record: Enriching, revision: number) => Buffer {
  const encoders = new Map<string, EnrichmentEncoder>();
  const encoderOf = (type: string) => {
    const encoder = encoders.get(type) ?? schemas.enrichmentEncoder(type);
    encoders.set(type, encoder);
    return encoder;
  };
  return ({ event: { type, body }, cityId, cell, driver, vehicleId, vehicle, missing }, revision) =>
    encoderOf(type.name).append(body, {
      city_id: cityId,
      h3_cell: cell,
      driver_rating: driver === null ? null : driver.rating,
      driver_home_city_id: driver === null ? null : driver.homeCityId,
      enriched_vehicle_id: vehicleId,
      vehicle_class: vehicle === null ? null : vehicle.vehicleClass,
      vehicle_capacity: vehicle === null ? null : vehicle.capacity,
      enrichment_missing: missing,
      enrichment_revision: revision,
    });
}

/** The profile that an event waits for, `driver drv_1` or `vehicle veh_1`; undefined when it has all that it names. */
export function awaitedBy({ driverId, driver, vehicleId, vehicle }: Enriching): string | undefined {
  if (driver === null && driverId !== null) return `driver ${driverId}`;
  return vehicle === null && vehicleId !== null ? `vehicle ${vehicleId}` : undefined;
}

function waiting({ event: { source, body, partition } }: Enriching, awaited: string): Emitted {
  const headers = { ...(source.headers as NonNullable<OutgoingRecord["headers"]>), waits_for: awaited };
  return { topic: waitingTopic, record: { key: source.key, value: body, headers, partition } };
}
