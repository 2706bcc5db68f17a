import type { Cities } from "../reference/cities.ts";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching } from "./enriching.ts";

/** Adds the city whose boundary holds the event's position; a position outside every city is flagged. Needs `locateCell` before. */
export function locateCity(cities: Pick<Cities, "at">): Step<Enriching, Enriching> {
  return function locateCity(record) {
    if (record.cell === null || record.latitude === null || record.longitude === null) return forward(record);
    const cityId = cities.at(record.latitude, record.longitude, record.cell);
    if (cityId === undefined) return forward({ ...record, missing: alsoMissing(record, "city") });
    return forward({ ...record, cityId });
  };
}
