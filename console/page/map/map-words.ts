import type { AreaCounts, CellLine, Place } from "../../map/shapes.ts";
import { countText } from "../parts/words.ts";

/** What the cells are coloured by. */
export const measures = ["surge", "drivers", "requests", "unmet"] as const;
export type Measure = (typeof measures)[number];

export const measureWords: Readonly<Record<Measure, string>> = {
  ...{ surge: "Surge", drivers: "Free drivers", requests: "Requests", unmet: "Unmet demand" },
};

export const measureText = (measure: Measure, value: number) =>
  measure === "surge" ? `${value.toFixed(1)}×` : countText(value);

/** From 0, the least that is worth a colour, to 1, the most that there is. Surge goes from 1 to 3 whatever there is, so that a colour means the same at any minute. */
export function strengthOf(measure: Measure, line: AreaCounts, most: number): number {
  const value = line[measure];
  if (measure === "surge") return Math.min(1, Math.max(0, (value - 1) / 2));
  return most <= 0 ? 0 : Math.min(1, value / most);
}

export const mostOf = (measure: Measure, cells: readonly CellLine[]) =>
  Math.max(0, ...cells.map((line) => line[measure]));

export type Frame = { readonly west: number; readonly south: number; readonly east: number; readonly north: number };

/** The frame of all cells with some room around; undefined without any. */
export function frameOf(cells: readonly Pick<CellLine, "outline">[], room = 0.15): Frame | undefined {
  const places = cells.flatMap(({ outline }) => outline);
  if (places.length === 0) return undefined;
  const [longitudes, latitudes] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  const [wide, high] = [(east - west) * room + 0.01, (north - south) * room + 0.01];
  return { west: west - wide, east: east + wide, south: south - high, north: north + high };
}

/** One that holds both; the same object when the first holds the second, so that a map does not jump. */
export function widen(frame: Frame | undefined, other: Frame): Frame {
  if (frame === undefined) return other;
  const west = Math.min(frame.west, other.west);
  const [east, south] = [Math.max(frame.east, other.east), Math.min(frame.south, other.south)];
  const north = Math.max(frame.north, other.north);
  const isSame = west === frame.west && east === frame.east && south === frame.south && north === frame.north;
  return isSame ? frame : { west, east, south, north };
}

/** The corners of a frame, in the order in which d3 takes the inside of a ring for the small side. */
export const cornersOf = ({ west, south, east, north }: Frame): readonly Place[] => [
  ...([
    [west, south],
    [west, north],
    [east, north],
    [east, south],
  ] as const),
  [west, south],
];
