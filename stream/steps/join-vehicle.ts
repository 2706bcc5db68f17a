import type { Table } from "../reference/table.ts";
import type { Vehicle } from "../reference/vehicles.ts";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching } from "./enriching.ts";

/** Adds the profile of the vehicle that the event or its driver's profile names; a vehicle without a profile is flagged. */
export function joinVehicle(vehicles: Table<Vehicle>): Step<Enriching, Enriching> {
  return function joinVehicle(record) {
    if (record.vehicleId === null) return forward(record);
    const vehicle = vehicles.get(record.vehicleId);
    if (vehicle === undefined) return forward({ ...record, missing: alsoMissing(record, "vehicle") });
    return forward({ ...record, vehicle });
  };
}
