import type { Driver } from "../reference/drivers.ts";
import type { Table } from "../reference/table.ts";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching } from "./enriching.ts";

/**
 * Adds the profile of the event's driver. An event without a driver has nothing to join; a driver without a profile is
 * flagged. The profile's vehicle is taken where the event names none.
 */
export function joinDriver(drivers: Table<Driver>): Step<Enriching, Enriching> {
  return function joinDriver(record) {
    if (record.driverId === null) return forward(record);
    const driver = drivers.get(record.driverId);
    if (driver === undefined) return forward({ ...record, missing: alsoMissing(record, "driver") });
    return forward({ ...record, driver, vehicleId: record.vehicleId ?? driver.vehicleId });
  };
}
