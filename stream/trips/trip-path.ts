import { cellToParent, getResolution, greatCircleDistance, latLngToCell, UNITS } from "h3-js";

/** A position that an app reported; whole 10,000,000ths of a degree (a centimetre), so that it is the same number everywhere. */
export type Fix = { readonly timeMs: number; readonly latitudeE7: number; readonly longitudeE7: number };

/** The way with the rider aboard: what it begins and ends with, as far as that is known. */
export type Leg = {
  readonly startMs: number;
  readonly startPlace: Place | undefined;
  /** Undefined while the end is not known. */
  readonly endMs: number | undefined;
  readonly endPlace: Place | undefined;
};
export type Place = { readonly latitude: number; readonly longitude: number };

/** What is remembered of the positions of one trip, in bounded size. Survives JSON. */
export type PathMemory = {
  /**
   * The newest fixes in the order of time, three numbers each: of the first one its time and place, of each other one how far it differs
   * from the one before.
   */
  readonly fixes: readonly number[];
  /** What the fixes before those come to. */
  readonly folded?: Folded;
  /** Fixes up to here were left out before the start of the trip was known. */
  readonly cutMs?: number;
};

type Folded = Walk & { readonly timeMs: number };

/** A path as far as it was walked: its length, its fixes, the cells that it went through, and where it stands. */
type Walk = {
  readonly metres: number;
  readonly positions: number;
  readonly cells: readonly string[];
  readonly at: Place | null;
};

/** The path of a leg. */
export type Path = {
  /** Metres; null when it is not known: of fewer than two places, or when positions were left out before the start was known. */
  readonly metres: number | null;
  /** Of how many reported positions it is made. */
  readonly positions: number;
  /** The H3 cells in the order of the way, each once when it comes once; finer than that they would be too many, coarser. */
  readonly cells: readonly string[];
};

export const noPath: PathMemory = { fixes: [] };

/** So many fixes are kept one by one, whatever time it is: so far they may come in any order. */
const keptFixes = 256;
/** Folding is done for so many at a time, for it takes the list apart. */
const foldedAtOnce = 64;
/** Fixes that may still change places are folded only when there are more than this. */
const mostFixes = 1_024;
const mostCells = 256;
const finestResolution = 8;

/** The memory with the fix in it; the same one for a repetition, or for a fix from before what is folded. */
export function withFix(path: PathMemory, fix: Fix): PathMemory {
  if (fix.timeMs <= (path.folded?.timeMs ?? path.cutMs ?? Number.NEGATIVE_INFINITY)) return path;
  const last = lastOf(path.fixes);
  if (last === undefined || compareFixes(last, fix) < 0) {
    return { ...path, fixes: [...path.fixes, ...difference(last ?? origin, fix)] };
  }
  const fixes = unpack(path.fixes);
  let place = fixes.length;
  for (; place > 0; place--) {
    const order = compareFixes(fixes[place - 1] as Fix, fix);
    if (order === 0) return path;
    if (order < 0) break;
  }
  fixes.splice(place, 0, fix);
  return { ...path, fixes: pack(fixes) };
}

/**
 * Makes the memory small again: what lies outside of the leg for sure is left out, and what is too much to keep one by one is folded. What
 * is folded lies before the watermark, so nothing in time can come between; sums are built in the order of time either way, so when
 * it happens does not show.
 */
export function compact(path: PathMemory, leg: Leg | undefined, watermark: number): PathMemory {
  // A start that is known could still move to an earlier one, as long as time has not passed it.
  const known = leg !== undefined && leg.startMs < watermark ? leg : undefined;
  const isBeforeStart = known !== undefined && (path.fixes[0] ?? Number.POSITIVE_INFINITY) < known.startMs;
  if (!isBeforeStart && path.fixes.length < 3 * (keptFixes + foldedAtOnce)) return path;
  const all = unpack(path.fixes);
  const fixes = known === undefined ? all : all.filter(({ timeMs }) => timeMs >= known.startMs);
  let excess = Math.max(0, fixes.length - keptFixes);
  while (excess > 0 && (fixes[excess - 1] as Fix).timeMs >= watermark && fixes.length - excess < mostFixes) excess--;
  if (excess === 0) return fixes.length === all.length ? path : { ...path, fixes: pack(fixes) };
  const gone = fixes.slice(0, excess);
  const kept = { fixes: pack(fixes.slice(excess)) };
  const lastMs = (gone.at(-1) as Fix).timeMs;
  if (leg === undefined) return { ...kept, cutMs: lastMs };
  const walked = gone.filter((fix) => isAboard(fix, leg)).reduce(walkTo, path.folded ?? beginning(leg));
  const cut = path.cutMs === undefined ? {} : { cutMs: path.cutMs };
  return { ...kept, ...cut, folded: { ...walked, timeMs: lastMs } };
}

/** The path of the leg, made of the fixes up to `untilMs`. */
export function pathOf(path: PathMemory, leg: Leg | undefined, untilMs: number): Path {
  if (leg === undefined) return { metres: null, positions: 0, cells: [] };
  const aboard = unpack(path.fixes).filter((fix) => fix.timeMs <= untilMs && isAboard(fix, leg));
  const fixed = aboard.reduce(walkTo, path.folded ?? beginning(leg));
  const { metres, positions, cells, at } = leg.endPlace === undefined ? fixed : walk(fixed, leg.endPlace);
  const places = positions + (leg.startPlace === undefined ? 0 : 1) + (leg.endPlace === undefined ? 0 : 1);
  const isWhole = at !== null && places > 1 && (path.cutMs === undefined || path.cutMs < leg.startMs);
  return { metres: isWhole ? Math.round(metres * 10) / 10 : null, positions, cells };
}

function isAboard({ timeMs }: Fix, { startMs, endMs }: Leg): boolean {
  return timeMs >= startMs && (endMs === undefined || timeMs <= endMs);
}

function beginning({ startPlace }: Leg): Walk {
  const nowhere: Walk = { metres: 0, positions: 0, cells: [], at: null };
  return startPlace === undefined ? nowhere : walk(nowhere, startPlace);
}

function walkTo(so: Walk, fix: Fix): Walk {
  const further = walk(so, { latitude: fix.latitudeE7 / 1e7, longitude: fix.longitudeE7 / 1e7 });
  return { ...further, positions: so.positions + 1 };
}

function walk({ metres, positions, cells, at }: Walk, to: Place): Walk {
  const step = at === null ? 0 : greatCircleDistance([at.latitude, at.longitude], [to.latitude, to.longitude], UNITS.m);
  return { metres: metres + step, positions, cells: withCell(cells, to), at: to };
}

/** With the cell of the place behind the others; when they would be too many, all of them one resolution coarser. */
function withCell(cells: readonly string[], { latitude, longitude }: Place): readonly string[] {
  const [first] = cells;
  let resolution = first === undefined ? finestResolution : getResolution(first);
  const cell = latLngToCell(latitude, longitude, finestResolution);
  const own = resolution === finestResolution ? cell : cellToParent(cell, resolution);
  if (cells.at(-1) === own) return cells;
  let all = [...cells, own];
  while (all.length > mostCells && resolution > 0) {
    resolution--;
    const coarser = all.map((one) => cellToParent(one, resolution));
    all = coarser.filter((one, i) => one !== coarser[i - 1]);
  }
  return all;
}

function compareFixes(a: Fix, b: Fix): number {
  return a.timeMs - b.timeMs || a.latitudeE7 - b.latitudeE7 || a.longitudeE7 - b.longitudeE7;
}

const origin: Fix = { timeMs: 0, latitudeE7: 0, longitudeE7: 0 };

function difference(from: Fix, to: Fix): readonly [number, number, number] {
  return [to.timeMs - from.timeMs, to.latitudeE7 - from.latitudeE7, to.longitudeE7 - from.longitudeE7];
}

function pack(fixes: readonly Fix[]): readonly number[] {
  return fixes.flatMap((fix, i) => difference(fixes[i - 1] ?? origin, fix));
}

function lastOf(numbers: readonly number[]): Fix | undefined {
  if (numbers.length === 0) return undefined;
  let [timeMs, latitudeE7, longitudeE7] = [0, 0, 0];
  for (let i = 0; i < numbers.length; i += 3) {
    timeMs += numbers[i] as number;
    latitudeE7 += numbers[i + 1] as number;
    longitudeE7 += numbers[i + 2] as number;
  }
  return { timeMs, latitudeE7, longitudeE7 };
}

function unpack(numbers: readonly number[]): Fix[] {
  const fixes: Fix[] = [];
  let [timeMs, latitudeE7, longitudeE7] = [0, 0, 0];
  for (let i = 0; i < numbers.length; i += 3) {
    timeMs += numbers[i] as number;
    latitudeE7 += numbers[i + 1] as number;
    longitudeE7 += numbers[i + 2] as number;
    fixes.push({ timeMs, latitudeE7, longitudeE7 });
  }
  return fixes;
}
