import { cellToParent, gridDisk } from "h3-js";

/** The finer resolution of the marketplace: that of `h3_cell`. About 0.7 square kilometres. */
export const fineResolution = 8;
/** The coarser one; about 5 square kilometres, seven fine cells. */
export const coarseResolution = 7;

/** The cell of resolution 7 that a cell of resolution 8 belongs to. */
export function parentOf(cell: string): string {
  return cellToParent(cell, coarseResolution);
}

/** The cells around a cell, without itself: six, around a pentagon five. */
export function neighboursOf(cell: string): readonly string[] {
  return gridDisk(cell, 1).filter((other) => other !== cell);
}
