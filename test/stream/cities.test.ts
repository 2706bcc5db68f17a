import fc from "fast-check";
import { latLngToCell } from "h3-js";
import { describe, expect, test } from "vitest";
import type { Position } from "../../stream/reference/boundary.ts";
import { createCities } from "../../stream/reference/cities.ts";

const square = (south: number, west: number, size: number): Position[] => [
  { latitude: south, longitude: west },
  { latitude: south, longitude: west + size },
  { latitude: south + size, longitude: west + size },
  { latitude: south + size, longitude: west },
];

/** A star around a centre: neither convex nor aligned with cells. */
function star(latitude: number, longitude: number, radii: readonly number[]): Position[] {
  return radii.map((radius, i) => {
    const angle = (2 * Math.PI * i) / radii.length;
    const x = longitude + radius * Math.cos(angle);
    return { latitude: latitude + radius * Math.sin(angle), longitude: x > 180 ? x - 360 : x < -180 ? x + 360 : x };
  });
}

/** Written apart from the code under test: the winding number of the outline around the point. */
function windsAround(ring: readonly Position[], centre: Position, point: Position): boolean {
  const near = (x: number) => x - 360 * Math.round((x - centre.longitude) / 360);
  let winding = 0;
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length] as Position;
    const cross =
      (near(b.longitude) - near(a.longitude)) * (point.latitude - a.latitude) -
      (near(point.longitude) - near(a.longitude)) * (b.latitude - a.latitude);
    if (a.latitude <= point.latitude && b.latitude > point.latitude && cross > 0) winding++;
    if (a.latitude > point.latitude && b.latitude <= point.latitude && cross < 0) winding--;
  }
  return winding !== 0;
}

const at = (cities: ReturnType<typeof createCities>, latitude: number, longitude: number) =>
  cities.at(latitude, longitude, latLngToCell(latitude, longitude, 8));

describe("cities by position", () => {
  const radii = fc.array(fc.double({ min: 0.02, max: 0.3, noNaN: true }), { minLength: 3, maxLength: 12 });
  const coordinate = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });

  test.each([
    ["in the middle of the map", { latitude: 40.7, longitude: -74 }, 1],
    ["at the 180th meridian", { latitude: -17.8, longitude: 179.95 }, 1],
    ["so large that coarse cells index it", { latitude: 10, longitude: 20 }, 20],
  ])("a city %s holds exactly the points that its outline winds around", (_name, centre, scale) => {
    fc.assert(
      fc.property(
        radii,
        fc.array(fc.tuple(coordinate(0.32), coordinate(0.32)), { minLength: 100 }),
        (radii, offsets) => {
          const cities = createCities();
          const ring = star(
            centre.latitude,
            centre.longitude,
            radii.map((radius) => radius * scale),
          );
          fc.pre(cities.set("cty_star", ring));
          for (const [dy, dx] of offsets) {
            const x = centre.longitude + dx * scale;
            const point = { latitude: centre.latitude + dy * scale, longitude: x > 180 ? x - 360 : x };
            const expected = windsAround(ring, centre, point) ? "cty_star" : undefined;
            expect(at(cities, point.latitude, point.longitude)).toBe(expected);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test("adjacent cities share their border without a gap and without an overlap", () => {
    const cities = createCities();
    cities.set("cty_west", square(40, -75, 0.5));
    cities.set("cty_east", square(40, -74.5, 0.5));
    expect(at(cities, 40.25, -74.5)).toBe("cty_east");
    expect(at(cities, 40.25, -74.500001)).toBe("cty_west");
  });

  test("a city inside another wins, whichever came first", () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const cities = createCities();
      const both = [
        ["cty_large", square(40, -75, 1)],
        ["cty_small", square(40.4, -74.6, 0.2)],
      ] as const;
      for (const i of order) cities.set(both[i][0], both[i][1]);
      expect(at(cities, 40.5, -74.5)).toBe("cty_small");
      expect(at(cities, 40.1, -74.9)).toBe("cty_large");
    }
  });

  test("a city in a country finds the city, though they are indexed by different cells", () => {
    const cities = createCities();
    cities.set("cty_country", square(30, -100, 20));
    cities.set("cty_town", square(40, -90, 0.3));
    expect(at(cities, 40.15, -89.85)).toBe("cty_town");
    expect(at(cities, 45, -85)).toBe("cty_country");
    expect(at(cities, 20, -85)).toBeUndefined();
  });

  test("a moved boundary leaves nothing behind, and a deleted city is gone", () => {
    const cities = createCities();
    cities.set("cty_a", square(40, -75, 0.5));
    cities.set("cty_a", square(10, 10, 0.5));
    expect(at(cities, 40.25, -74.75)).toBeUndefined();
    expect(at(cities, 10.25, 10.25)).toBe("cty_a");
    cities.delete("cty_a");
    expect(at(cities, 10.25, 10.25)).toBeUndefined();
    expect(cities.size).toBe(0);
  });

  test("a boundary that encloses nothing is refused and takes the old one away", () => {
    const cities = createCities();
    cities.set("cty_a", square(40, -75, 0.5));
    expect(cities.set("cty_a", [{ latitude: 40, longitude: -75 }])).toBe(false);
    expect(cities.set("cty_a", square(89.9, 0, 10))).toBe(false);
    expect(cities.size).toBe(0);
  });
});
