import { latLngToCell } from "h3-js";
import type { Cities } from "../reference/cities.ts";
import { cellResolution } from "../steps/locate-cell.ts";

/** The id of the city that a position lies in; undefined outside of all. */
export type CityAt = (latitude: number, longitude: number) => string | undefined;

/** The city of a position, which must be on earth. */
export function cityFinder(cities: Pick<Cities, "at">): CityAt {
  return (latitude, longitude) => cities.at(latitude, longitude, latLngToCell(latitude, longitude, cellResolution));
}
