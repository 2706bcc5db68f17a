import { gridDisk, polygonToCellsExperimental } from "h3-js";
import { type Boundary, boundaryOf, holds, type Position } from "./boundary.ts";

/** Which city holds a position. */
export type Cities = {
  /**
   * The id of the city whose boundary holds the position; of several the smallest. `cell` is the position's H3 index in
   * resolution 8.
   */
  at(latitude: number, longitude: number, cell: string): string | undefined;
  /** @returns false when the boundary encloses no area; the city is then not known any more. */
  set(id: string, boundary: readonly Position[]): boolean;
  delete(id: string): void;
  readonly size: number;
};

/** A city as the index of one cell lists it. `whole`: every position of the cell is inside, no outline need be asked. */
type Candidate = { readonly city: City; readonly whole: boolean };
type City = {
  readonly id: string;
  readonly boundary: Boundary;
  readonly index: CellIndex;
  readonly cells: readonly string[];
};
type CellIndex = {
  readonly resolution: number;
  readonly digits: number;
  readonly candidates: Map<string, Candidate[]>;
};

/** A boundary that needs more fine cells than this is indexed by coarse ones: a boundary costs at most about half a MB. */
const maxFineCells = 4_000;
const fineCellKm2 = 5.2;
const kmPerDegree = 111;

/**
 * Cities by H3 cell: in the common case, a cell that lies in one city, the answer is one Map lookup.
 *
 * An H3 index is 15 hexadecimal digits: two for mode and resolution, then 7 bits of base cell and 3 bits a resolution. After
 * resolutions 3 and 7 a digit ends, so the parent of a cell is the start of its text (6 or 9 digits). A cell reaches a little
 * over the edges of its parent, hence a parent counts as whole only when its neighbours are inside too, and the neighbours
 * of every cell that the boundary touches are listed as candidates.
 */
export function createCities(): Cities {
  const cities = new Map<string, City>();
  const fine: CellIndex = { resolution: 7, digits: 9, candidates: new Map() };
  const coarse: CellIndex = { resolution: 3, digits: 6, candidates: new Map() };

  function remove(id: string): void {
    const city = cities.get(id);
    if (city === undefined) return;
    cities.delete(id);
    for (const key of city.cells) {
      const rest = city.index.candidates.get(key)?.filter((candidate) => candidate.city !== city) ?? [];
      if (rest.length === 0) city.index.candidates.delete(key);
      else city.index.candidates.set(key, rest);
    }
  }

  return {
    at(latitude, longitude, cell) {
      const near = firstThatHolds(fine, latitude, longitude, cell);
      if (coarse.candidates.size === 0) return near?.id;
      const far = firstThatHolds(coarse, latitude, longitude, cell);
      if (near === undefined || far === undefined) return (near ?? far)?.id;
      return bySize(near, far) < 0 ? near.id : far.id;
    },
    set(id, points) {
      remove(id);
      const boundary = boundaryOf(points);
      if (boundary === undefined) return false;
      const index = fineCellsOf(boundary) <= maxFineCells ? fine : coarse;
      const covered = cover(points, index.resolution);
      const keys = new Map([...covered].map(([cell, whole]) => [keyOf(cell, index), whole]));
      const city: City = { id, boundary, index, cells: [...keys.keys()] };
      cities.set(id, city);
      for (const [key, whole] of keys) {
        const others = index.candidates.get(key) ?? [];
        index.candidates.set(
          key,
          [...others, { city, whole }].sort((a, b) => bySize(a.city, b.city)),
        );
      }
      return true;
    },
    delete: remove,
    get size() {
      return cities.size;
    },
  };
}

function keyOf(cell: string, index: CellIndex): string {
  return cell.slice(2, index.digits);
}

function firstThatHolds(index: CellIndex, latitude: number, longitude: number, cell: string): City | undefined {
  const candidates = index.candidates.get(keyOf(cell, index));
  if (candidates === undefined) return undefined;
  for (const { city, whole } of candidates) if (whole || holds(city.boundary, latitude, longitude)) return city;
  return undefined;
}

/** Smallest first; the order must not depend on which city arrived first. */
function bySize(a: City, b: City): number {
  return a.boundary.area - b.boundary.area || (a.id < b.id ? -1 : 1);
}

function fineCellsOf({ area, south, north }: Boundary): number {
  return (area * kmPerDegree ** 2 * Math.cos(((south + north) * Math.PI) / 360)) / fineCellKm2;
}

/** Every cell in which a position inside the boundary can be indexed, and whether all such positions are inside. */
function cover(points: readonly Position[], resolution: number): Map<string, boolean> {
  const ring = points.map(({ latitude, longitude }) => [latitude, longitude]);
  const inside = polygonToCellsExperimental(ring, resolution, "containmentFull");
  const covered = new Map(inside.map((cell) => [cell, true]));
  const border: string[] = [];
  // Cells whose bounding box touches the boundary: some too many, but none too few where an outline runs along cells' edges.
  for (const cell of polygonToCellsExperimental(ring, resolution, "containmentOverlappingBbox")) {
    if (!covered.has(cell)) border.push(cell);
  }
  for (const cell of border) for (const neighbour of gridDisk(cell, 1)) covered.set(neighbour, false);
  return covered;
}
