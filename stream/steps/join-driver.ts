import type { Driver } from "../reference/drivers.ts";
import { type Histories, versionAt } from "../reference/history.ts";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching, eventTimeOf } from "./enriching.ts";

/**
 * Adds the profile of the event's driver as it was at the event's time. An event without a driver has nothing to join; a driver without a
 * profile is flagged. The profile's vehicle is taken where the event names none.
 */
export function joinDriver(drivers: Histories<Driver>): Step<Enriching, Enriching> {
  return function joinDriver(record) {
    if (record.driverId === null) return forward(record);
    const history = drivers.get(record.driverId);
    if (history === undefined) return forward({ ...record, missing: alsoMissing(record, "driver") });
    const driver = history.only ?? versionAt(history, eventTimeOf(record));
    return forward({ ...record, driver, vehicleId: record.vehicleId ?? driver.vehicleId });
  };
}
