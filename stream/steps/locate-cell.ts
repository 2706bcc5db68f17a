import { latLngToCell } from "h3-js";
import { forward, type Step } from "../step.ts";
import { alsoMissing, type Enriching } from "./enriching.ts";

/** About 0.74 square kilometres, a few city blocks. */
export const cellResolution = 8;

/** Adds the H3 cell of the event's position. An event without a position, or with one that is not on earth, is flagged. */
export function locateCell(): Step<Enriching, Enriching> {
  return function locateCell(record) {
    const { latitude, longitude } = record;
    if (latitude === null || longitude === null || !isOnEarth(latitude, longitude)) {
      return forward({ ...record, missing: alsoMissing(record, "position") });
    }
    return forward({ ...record, cell: latLngToCell(latitude, longitude, cellResolution) });
  };
}

/** False for NaN too. */
function isOnEarth(latitude: number, longitude: number): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}
