import { readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, drop, forward, type Verdict } from "../step.ts";
import type { Fix } from "./trip-path.ts";

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

/** A position that the app of a trip's driver reported. */
export type ArrivedPosition = Fix & { readonly stage: "position"; readonly tripId: string; readonly driverId: string };

/** What the memory of a trip takes. */
export type TripSignal = ArrivedTripEvent | ArrivedPosition;

const keptFields = [
  "rider_id",
  "driver_id",
  "vehicle_id",
  "city_id",
  "latitude",
  "longitude",
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

/** Decodes what concerns a trip, and keeps what the trip needs of it. */
export function readTripSignal(schemas: Pick<Schemas, "decode">): Reader<TripSignal> {
  return async function readTripSignal(record) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) {
      return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    }
    const value = decoded.value as Readonly<Record<string, unknown>>;
    if (decoded.type.name === "driver.location") return positionOf(value, timeMs);
    const stage = tripStages.find((name) => `trip.${name}` === decoded.type.name);
    if (stage === undefined) return drop("other event type");
    const data: Record<string, string | number | boolean> = {};
    for (const name of keptFields) {
      const kept = value[name];
      if (kept !== null && kept !== undefined && kept !== false) data[name] = kept as string | number | boolean;
    }
    const { id, receivedAt } = envelope;
    return forward({ id, stage, timeMs, receivedAt, data, tripId: String(value.trip_id) });
  };
}

function positionOf(value: Readonly<Record<string, unknown>>, timeMs: number): Verdict<ArrivedPosition> {
  const { trip_id: tripId, driver_id: driverId, latitude, longitude } = value;
  if (typeof tripId !== "string") return drop("on no trip");
  const [latitudeE7, longitudeE7] = [Math.round(Number(latitude) * 1e7), Math.round(Number(longitude) * 1e7)];
  return forward({ stage: "position", tripId, driverId: String(driverId), timeMs, latitudeE7, longitudeE7 });
}
