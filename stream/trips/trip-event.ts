import { readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, drop, forward } from "../step.ts";

/** The events of a trip's life, in the order in which they should come. */
export const tripStages = [
  "requested",
  "accepted",
  "driver_arrived",
  "started",
  "completed",
  "cancelled",
  "rated",
] as const;
export type TripStage = (typeof tripStages)[number];

/** What is remembered of one event of a trip. */
export type TripEvent = {
  readonly id: string;
  readonly stage: TripStage;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
  readonly receivedAt: number;
  /** Its fields that have a value; small, for it lies in the memory of the trip. */
  readonly data: Readonly<Record<string, string | number | boolean>>;
};

/** An event on its way into the memory of its trip. */
export type ArrivedTripEvent = TripEvent & { readonly tripId: string };

const keptFields = [
  "rider_id",
  "driver_id",
  "vehicle_id",
  "city_id",
  "h3_cell",
  "enriched_vehicle_id",
  "distance",
  "fare_amount",
  "fare_currency",
  "stored_and_forwarded",
  "cancelled_by",
  "reason",
  "rated_by",
  "rating",
] as const;

/** Decodes an enriched trip event and keeps what a trip needs of it. */
export function readTripEvent(schemas: Pick<Schemas, "decode">): Reader<ArrivedTripEvent> {
  return async function readTripEvent(record) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const stage = tripStages.find((name) => `trip.${name}` === decoded.type.name);
    if (stage === undefined) return drop("other event type");
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) {
      return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    }
    const value = decoded.value as Readonly<Record<string, unknown>>;
    const data: Record<string, string | number | boolean> = {};
    for (const name of keptFields) {
      const kept = value[name];
      if (kept !== null && kept !== undefined && kept !== false) data[name] = kept as string | number | boolean;
    }
    const { id, receivedAt } = envelope;
    return forward({ id, stage, timeMs, receivedAt, data, tripId: String(value.trip_id) });
  };
}
