import fc from "fast-check";
import { cellToParent, getResolution, greatCircleDistance, gridDistance, latLngToCell, UNITS } from "h3-js";
import { expect, test } from "vitest";
import {
  compact,
  type Fix,
  type Leg,
  noPath,
  type PathMemory,
  pathOf,
  withFix,
} from "../../../stream/trips/trip-path.ts";

const start = Date.UTC(2026, 0, 5, 8);
/** A fix every second, a few metres on. */
function fixes(count: number, stepE7 = 1_000): Fix[] {
  return Array.from({ length: count }, (_, i) => ({
    timeMs: start + i * 1_000,
    latitudeE7: 407_000_000 + i * stepE7,
    longitudeE7: -740_000_000 + Math.round(Math.sin(i / 20) * 20_000),
  }));
}
const leg = (more: Partial<Leg> = {}): Leg => ({
  ...{ startMs: start, startPlace: undefined, endMs: undefined, endPlace: undefined, ...more },
});
const place = ({ latitudeE7, longitudeE7 }: Fix): [number, number] => [latitudeE7 / 1e7, longitudeE7 / 1e7];
const length = (way: readonly Fix[]) =>
  way.reduce(
    (sum, fix, i) => sum + (i === 0 ? 0 : greatCircleDistance(place(way[i - 1] as Fix), place(fix), UNITS.m)),
    0,
  );

/** Takes the fixes, the watermark one minute behind the newest one. */
function remember(way: readonly Fix[], known: Leg | undefined, path: PathMemory = noPath): PathMemory {
  let newest = Number.NEGATIVE_INFINITY;
  let largest = 0;
  let memory = path;
  for (const [i, fix] of way.entries()) {
    newest = Math.max(newest, fix.timeMs);
    memory = compact(withFix(memory, fix), known, newest - 60_000);
    if (i % 50 !== 0) continue;
    // The memory lies in a database in between.
    const text = JSON.stringify(memory);
    memory = JSON.parse(text);
    largest = Math.max(largest, text.length);
  }
  expect(largest).toBeLessThan(20_000);
  return memory;
}

test("a path of thousands of positions is as long as all of them, in a memory of bounded size", () => {
  const way = fixes(5_000);
  const path = pathOf(remember(way, leg()), leg(), Infinity);
  expect(path.positions).toBe(5_000);
  expect(path.metres).toBeCloseTo(length(way), 0);
  expect(JSON.stringify(remember(way, leg())).length).toBeLessThan(8_000);
});

test("out of order by less than the lateness and with repetitions, folded or not, it is the same path to the last digit", () => {
  const way = fixes(900);
  const whole = JSON.stringify(pathOf(remember(way, leg()), leg(), Infinity));
  const moves = fc.array(fc.record({ delay: fc.nat(59_000), again: fc.nat(4) }), { minLength: 50, maxLength: 50 });
  fc.assert(
    fc.property(moves, (plan) => {
      const shuffled = way
        .flatMap((fix, i) => {
          const { delay, again } = plan[i % plan.length] as { delay: number; again: number };
          const once = { fix, at: fix.timeMs + delay };
          return again === 0 ? [once, { fix, at: fix.timeMs + 59_000 }] : [once];
        })
        .sort((a, b) => a.at - b.at)
        .map(({ fix }) => fix);
      expect(JSON.stringify(pathOf(remember(shuffled, leg()), leg(), Infinity))).toBe(whole);
    }),
    { numRuns: 10 },
  );
});

test("only what lies between start and end counts, and the places of both belong to it", () => {
  const way = fixes(100);
  const [from, to] = [way[20] as Fix, way[80] as Fix];
  const [latitude, longitude] = place(from);
  const known = leg({
    ...{ startMs: from.timeMs, startPlace: { latitude: latitude - 0.001, longitude } },
    ...{ endMs: to.timeMs, endPlace: { latitude: place(to)[0] + 0.002, longitude: place(to)[1] } },
  });
  const path = pathOf(remember(way, known), known, Infinity);
  expect(path.positions).toBe(61);
  expect(path.metres).toBeCloseTo(length(way.slice(20, 81)) + 0.003 * (Math.PI / 180) * 6_371_007, 0);
  expect(pathOf(remember(way, known), known, from.timeMs + 4_500).positions).toBe(5);
});

test("the start may become known late: until so many positions later, nothing of the way is lost", () => {
  const way = fixes(360);
  const started = leg({ startMs: (way[60] as Fix).timeMs });
  const path = pathOf(remember(way.slice(315), started, remember(way.slice(0, 315), undefined)), started, Infinity);
  expect(path.metres).toBeCloseTo(length(way.slice(60)), 0);
  const tooLate = leg({ startMs: (way[10] as Fix).timeMs });
  expect(pathOf(remember(way, undefined), tooLate, Infinity).metres).toBeNull();
});

test("without a start or with a single place there is no length", () => {
  expect(pathOf(noPath, undefined, Infinity)).toEqual({ metres: null, positions: 0, cells: [] });
  expect(pathOf(remember(fixes(1), leg()), leg(), Infinity)).toMatchObject({ metres: null, positions: 1 });
});

test("the cells of the route follow each other; a route through very many is told in coarser ones", () => {
  const near = pathOf(remember(fixes(2_000), leg()), leg(), Infinity).cells;
  expect(near[0]).toBe(latLngToCell(40.7, -74, 8));
  for (let i = 1; i < near.length; i++) expect(gridDistance(near[i - 1] as string, near[i] as string)).toBe(1);

  // About 1,100 km, a fix every 220 m.
  const far = fixes(5_000, 20_000);
  const { cells } = pathOf(remember(far, leg()), leg(), Infinity);
  expect(cells.length).toBeLessThanOrEqual(256);
  expect(cells.length).toBeGreaterThan(80);
  const cellsAt = (resolution: number) => {
    const all = far.map((fix) => cellToParent(latLngToCell(...place(fix), 8), resolution));
    return all.filter((cell, i) => cell !== all[i - 1]);
  };
  const resolution = getResolution(cells[0] as string);
  expect(cells).toEqual(cellsAt(resolution));
  expect(cellsAt(resolution + 1).length).toBeGreaterThan(256);
});
