import { type Histories, versionAt } from "../reference/history.ts";
import type { Vehicle } from "../reference/vehicles.ts";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching, eventTimeOf } from "./enriching.ts";

/**
 * Adds the profile, as it was at the event's time, of the vehicle that the event or its driver's profile names; a vehicle without a profile is
 * flagged.
 */
export function joinVehicle(vehicles: Histories<Vehicle>): Step<Enriching, Enriching> {
  return function joinVehicle(record) {
    if (record.vehicleId === null) return forward(record);
    const history = vehicles.get(record.vehicleId);
    if (history === undefined) return forward({ ...record, missing: alsoMissing(record, "vehicle") });
    const vehicle = history.only ?? versionAt(history, eventTimeOf(record));
    return forward({ ...record, vehicle });
  };
}
