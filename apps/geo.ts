import { between, type Random } from "./random.ts";

/** A place on earth in degrees (WGS 84). */
export type Place = { readonly latitude: number; readonly longitude: number };

const metresPerDegree = 111_195;
const radians = Math.PI / 180;

/** Metres between two places; flat-earth arithmetic, right to a thousandth within a city. */
export function metresBetween(a: Place, b: Place): number {
  const east = (b.longitude - a.longitude) * Math.cos(((a.latitude + b.latitude) / 2) * radians);
  return Math.hypot(east, b.latitude - a.latitude) * metresPerDegree;
}

/** The compass direction from `a` to `b` in [0, 360): 0 is north, 90 is east. */
export function headingBetween(a: Place, b: Place): number {
  const east = (b.longitude - a.longitude) * Math.cos(((a.latitude + b.latitude) / 2) * radians);
  const degrees = Math.atan2(east, b.latitude - a.latitude) / radians;
  return (degrees + 360) % 360;
}

/** The place that is `metres` away from `a` in the direction of `heading` degrees. */
export function placeAt(a: Place, heading: number, metres: number): Place {
  const degrees = metres / metresPerDegree;
  return {
    latitude: a.latitude + Math.cos(heading * radians) * degrees,
    longitude: a.longitude + (Math.sin(heading * radians) * degrees) / Math.cos(a.latitude * radians),
  };
}

/** A way from one place to another; `at(0)` is its start and `at(1)` its end. */
export type Path = { readonly metres: number; at(share: number): Place; headingAt(share: number): number };

/**
 * A gentle arc, for a straight line between two street corners would be driven by nobody.
 * @param bend how far the middle leaves the straight line, as a share of its length; negative bends to the other side
 */
export function arc(from: Place, to: Place, bend: number): Path {
  const straight = metresBetween(from, to);
  const middle = {
    latitude: (from.latitude + to.latitude) / 2,
    longitude: (from.longitude + to.longitude) / 2,
  };
  const control = placeAt(middle, headingBetween(from, to) + 90, straight * bend * 2);
  const at = (share: number): Place => {
    const a = (1 - share) * (1 - share);
    const b = 2 * share * (1 - share);
    const c = share * share;
    return {
      latitude: a * from.latitude + b * control.latitude + c * to.latitude,
      longitude: a * from.longitude + b * control.longitude + c * to.longitude,
    };
  };
  return {
    metres: straight * (1 + 2.67 * bend * bend),
    at,
    headingAt: (share) => headingBetween(at(Math.max(0, share - 0.01)), at(Math.min(1, share + 0.01))),
  };
}

/** Whether the place lies within the polygon (ray casting; its last corner joins the first). */
export function isInside(place: Place, polygon: readonly Place[]): boolean {
  let inside = false;
  let before = polygon[polygon.length - 1];
  for (const corner of polygon) {
    if (before !== undefined && corner.latitude > place.latitude !== before.latitude > place.latitude) {
      const share = (place.latitude - corner.latitude) / (before.latitude - corner.latitude);
      if (place.longitude < corner.longitude + share * (before.longitude - corner.longitude)) inside = !inside;
    }
    before = corner;
  }
  return inside;
}

/** A place within the polygon, each as likely as the others; `fallback` when it is so thin that none is found. */
export function placeInside(random: Random, polygon: readonly Place[], fallback: Place): Place {
  const latitudes = polygon.map((corner) => corner.latitude);
  const longitudes = polygon.map((corner) => corner.longitude);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const place = {
      latitude: between(random, Math.min(...latitudes), Math.max(...latitudes)),
      longitude: between(random, Math.min(...longitudes), Math.max(...longitudes)),
    };
    if (isInside(place, polygon)) return place;
  }
  return fallback;
}

/** Six decimals are a tenth of a metre: more than any phone knows. */
export function roundPlace(place: Place): Place {
  return { latitude: roundDegrees(place.latitude), longitude: roundDegrees(place.longitude) };
}

/** See {@link roundPlace}. */
export function roundDegrees(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}
