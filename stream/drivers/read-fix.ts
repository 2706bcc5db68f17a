import { readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, drop, forward } from "../step.ts";
import type { Place } from "./distance.ts";

/** A position that a driver's device reported. */
export type Fix = Place & {
  readonly driverId: string;
  readonly id: string;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly accuracy: number | null;
  /** What else the map shows of it, as the data of `driver.position` has it. */
  readonly shown: Readonly<Record<string, string | number | null>>;
};

/**
 * Decodes an enriched driver location. A position that cannot be one is dropped: not on earth, or exactly 0, 0, which is what a device sends that
 * knows nothing.
 */
export function readFix(schemas: Pick<Schemas, "decode">): Reader<Fix> {
  return async function readFix(record) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    if (decoded.type.name !== "driver.location") return drop("other event type");
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) {
      return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    }
    const value = decoded.value as Readonly<Record<string, string | number | null>>;
    const latitude = Number(value.latitude);
    const longitude = Number(value.longitude);
    const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
    if (!isOnEarth || (latitude === 0 && longitude === 0)) return drop("position impossible");
    const of = (name: string) => value[name] ?? null;
    const accuracy = of("accuracy") as number | null;
    return forward({
      ...{ driverId: String(value.driver_id), id: envelope.id, timeMs, receivedAt: envelope.receivedAt },
      ...{ latitude, longitude, accuracy },
      shown: {
        h3_cell: of("h3_cell"),
        city_id: of("city_id"),
        heading_degrees: of("heading_degrees"),
        speed: of("speed"),
        accuracy,
        trip_id: of("trip_id"),
        vehicle_id: of("enriched_vehicle_id") ?? of("vehicle_id"),
        vehicle_class: of("vehicle_class"),
      },
    });
  };
}
