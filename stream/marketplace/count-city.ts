import type { Aggregate, WindowResult } from "../windows/windowed.ts";
import { coarseResolution, fineResolution, neighboursOf, parentOf } from "./cells.ts";
import type { CellCounts, Counts } from "./count-cells.ts";
import { citySurgeOf, surgeOf } from "./surge.ts";

/** The fine cells of a city in one minute. */
export type CityCells = { readonly receivedAt: number; readonly cells: Readonly<Record<string, Counts>> };

/** One row: an area in a minute. */
export type MinuteOfArea = {
  readonly cityId: string;
  /** Null: the whole city. */
  readonly cell: string | null;
  readonly resolution: number | null;
  readonly startMs: number;
  readonly revision: number;
  readonly final: boolean;
  readonly receivedAt: number;
  readonly counts: Counts;
  /** Null when nobody was picked up. */
  readonly medianPickupSeconds: number | null;
  readonly surge: number;
};

/** Puts the cells of a city together. A fine cell belongs to one coarse cell, so each comes once; again only as a repetition. */
export const cellsOfCity: Aggregate<CellCounts, CityCells> = {
  keyOf: ({ cityId }) => cityId,
  timeOf: ({ startMs }) => startMs,
  add(known, { receivedAt, cells }) {
    if (known !== undefined && Object.keys(cells).every((cell) => cell in known.cells)) return known;
    return { receivedAt: Math.max(known?.receivedAt ?? 0, receivedAt), cells: { ...known?.cells, ...cells } };
  },
};

/** The rows of a city's minute: its fine cells, its coarse cells, and the city itself, each in the order of the cells. */
export function minutesOf(result: WindowResult<CityCells>): readonly MinuteOfArea[] {
  const { key: cityId, startMs, revision, final, value } = result;
  const fine = new Map(inOrder(Object.entries(value.cells)));
  const coarse = new Map(
    inOrder([...Map.groupBy(fine, ([cell]) => parentOf(cell))]).map(
      ([parent, cells]) => [parent, total(cells.map(([, counts]) => counts))] as const,
    ),
  );
  const city = total([...fine.values()]);
  const common = { cityId, startMs, revision, final, receivedAt: value.receivedAt };
  const rows = (cells: ReadonlyMap<string, Counts>, resolution: number) =>
    [...cells].map(([cell, counts]) => {
      const around = neighboursOf(cell).flatMap((other) => cells.get(other) ?? []);
      return { ...common, cell, resolution, counts, ...medianOf(counts), surge: surgeOf(counts, around) };
    });
  return [
    ...rows(fine, fineResolution),
    ...rows(coarse, coarseResolution),
    { ...common, cell: null, resolution: null, counts: city, ...medianOf(city), surge: citySurgeOf(city) },
  ];
}

function inOrder<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

function total(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((so, counts) => so + of(counts), 0);
  return {
    open: sum(({ open }) => open),
    requests: sum(({ requests }) => requests),
    completed: sum(({ completed }) => completed),
    cancelled: sum(({ cancelled }) => cancelled),
    unmet: sum(({ unmet }) => unmet),
    pickups: all.flatMap(({ pickups }) => pickups).sort((a, b) => a - b),
  };
}

/** As Postgres's percentile_cont(0.5): halfway between the middle two. */
function medianOf({ pickups }: Counts): { readonly medianPickupSeconds: number | null } {
  const low = pickups[Math.floor((pickups.length - 1) / 2)];
  const high = pickups[Math.ceil((pickups.length - 1) / 2)];
  if (low === undefined || high === undefined) return { medianPickupSeconds: null };
  return { medianPickupSeconds: (low + (high - low) / 2) / 1_000 };
}
