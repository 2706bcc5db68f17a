import { readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, drop, forward } from "../step.ts";
import type { Aggregate, WindowResult } from "../windows/windowed.ts";
import type { Signal } from "./signal.ts";

/** Where a driver was. */
export type Sighting = {
  readonly driverId: string;
  readonly eventId: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly isOnTrip: boolean;
  readonly cityId: string | null;
  readonly cell: string | null;
};

/** Decodes an enriched driver location. */
export function readSighting(schemas: Pick<Schemas, "decode">): Reader<Sighting> {
  return async function readSighting(record) {
    const envelope = readEnvelope(record);
    const timeMs = Date.parse(envelope?.time ?? "");
    if (envelope === undefined || Number.isNaN(timeMs))
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    if (decoded.type.name !== "driver.location") return drop("other event type");
    const { driver_id, trip_id, city_id, h3_cell } = decoded.value as Readonly<Record<string, unknown>>;
    return forward({
      ...{ driverId: String(driver_id), eventId: envelope.id, timeMs, receivedAt: envelope.receivedAt },
      isOnTrip: (trip_id ?? null) !== null,
      cityId: (city_id as string | null | undefined) ?? null,
      cell: (h3_cell as string | null | undefined) ?? null,
    });
  };
}

/** The last sighting of each driver in each minute; of two at the same moment the one with the greater id. */
export const lastSighting: Aggregate<Sighting, Sighting> = {
  keyOf: ({ driverId }) => driverId,
  timeOf: ({ timeMs }) => timeMs,
  add(known, seen) {
    if (known === undefined) return seen;
    const later = seen.timeMs - known.timeMs || (seen.eventId > known.eventId ? 1 : -1);
    return later > 0 ? seen : known;
  },
};

/** A driver who at the end of a minute is on no trip is open, in the cell of the last sighting. */
export function openDriver({ value: last }: WindowResult<Sighting>): readonly Signal[] {
  const { driverId: id, isOnTrip, cityId, cell, timeMs, receivedAt } = last;
  return isOnTrip || cityId === null || cell === null ? [] : [{ kind: "open", id, cityId, cell, timeMs, receivedAt }];
}
