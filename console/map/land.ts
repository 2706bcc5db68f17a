import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { mesh } from "topojson-client";
import type { Land, Place } from "./shapes.ts";

type Atlas = Parameters<typeof mesh>[0];
export type Frame = { readonly west: number; readonly south: number; readonly east: number; readonly north: number };

/**
 * Coastlines and borders of all countries, 1:10 million, by Natural Earth. Read when somebody first looks at the map, and kept: only what lies in a frame goes to
 * browsers, so they need neither a tile server nor all of the world.
 */
export function createLand(): (frame: Frame) => Promise<Land> {
  let read: Promise<readonly (readonly Place[])[]> | undefined;
  return async (frame) => {
    read ??= readLines();
    return { lines: linesIn(await read, frame) };
  };
}

async function readLines(): Promise<readonly (readonly Place[])[]> {
  const file = createRequire(import.meta.url).resolve("world-atlas/countries-10m.json");
  const atlas = JSON.parse(await readFile(file, "utf8")) as Atlas;
  return mesh(atlas, atlas.objects.countries as NonNullable<Parameters<typeof mesh>[1]>).coordinates.map((line) =>
    line.map(([x = 0, y = 0]): Place => [x, y]),
  );
}

/** The parts of lines that lie in a frame, each with the points before and behind, so that they leave it. Frames over the date line have none. */
export function linesIn(lines: readonly (readonly Place[])[], frame: Frame): readonly (readonly Place[])[] {
  const holds = ([longitude, latitude]: Place) =>
    longitude >= frame.west && longitude <= frame.east && latitude >= frame.south && latitude <= frame.north;
  /** A segment whose own frame does not meet this one cannot cross it. */
  const meets = ([aLong, aLat]: Place, [bLong, bLat]: Place) =>
    Math.max(aLong, bLong) >= frame.west &&
    Math.min(aLong, bLong) <= frame.east &&
    Math.max(aLat, bLat) >= frame.south &&
    Math.min(aLat, bLat) <= frame.north;
  const parts: Place[][] = [];
  for (const line of lines) {
    let part: Place[] | undefined;
    for (let i = 1; i < line.length; i++) {
      const [a, b] = [line[i - 1] as Place, line[i] as Place];
      if (!(holds(a) || holds(b) || meets(a, b))) {
        part = undefined;
        continue;
      }
      if (part === undefined) {
        part = [a];
        parts.push(part);
      }
      part.push(b);
    }
  }
  return parts;
}
