import type { Place } from "./shapes.ts";

/** What the stream knows of the grid. */
export type MapPort = {
  /** The corners of an H3 cell; undefined for what is none. */
  outline(cell: string): readonly Place[] | undefined;
};
