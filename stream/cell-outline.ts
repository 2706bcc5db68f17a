import { cellToBoundary, isValidCell } from "h3-js";

/** The corners of an H3 cell as [longitude, latitude] in degrees; undefined for what is none. */
export function cellOutline(cell: string): readonly (readonly [longitude: number, latitude: number])[] | undefined {
  return isValidCell(cell) ? cellToBoundary(cell, true).slice(0, -1) : undefined;
}
