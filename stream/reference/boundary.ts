/** A point on earth in degrees. */
export type Position = { readonly latitude: number; readonly longitude: number };

/**
 * The closed outline of an area on the latitude-longitude plane, prepared for many questions. An outline across the 180th
 * meridian is unrolled, so that its longitudes run past 180 instead of jumping.
 */
export type Boundary = {
  readonly latitudes: Float64Array;
  readonly longitudes: Float64Array;
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
  /** Square degrees; only for comparing boundaries with one another. */
  readonly area: number;
};

/** @returns undefined when the points do not enclose an area or are not on earth. */
export function boundaryOf(points: readonly Position[]): Boundary | undefined {
  const size = points.length;
  const latitudes = new Float64Array(size);
  const longitudes = new Float64Array(size);
  let before = points[0]?.longitude ?? 0;
  for (const [i, point] of points.entries()) {
    if (!(Math.abs(point.latitude) <= 90 && Math.abs(point.longitude) <= 180)) return undefined;
    latitudes[i] = point.latitude;
    before = longitudes[i] = point.longitude + 360 * Math.round((before - point.longitude) / 360);
  }
  const area = Math.abs(signedArea(latitudes, longitudes));
  if (!(area > 0)) return undefined;
  return {
    latitudes,
    longitudes,
    south: Math.min(...latitudes),
    north: Math.max(...latitudes),
    west: Math.min(...longitudes),
    east: Math.max(...longitudes),
    area,
  };
}

/**
 * Whether the boundary holds the point, by counting the edges that a ray to the east crosses. A point exactly on an edge
 * belongs to one side or the other, always the same, and never to both areas that share the edge.
 */
export function holds(boundary: Boundary, latitude: number, longitude: number): boolean {
  const { latitudes, longitudes, south, north, west, east } = boundary;
  if (latitude < south || latitude >= north) return false;
  // An unrolled outline may lie a turn further east or west than the point's own longitude.
  let x = longitude;
  while (x < west) x += 360;
  while (x - 360 >= west) x -= 360;
  if (x > east) return false;
  let inside = false;
  for (let i = 0, j = latitudes.length - 1; i < latitudes.length; j = i++) {
    const rises = (latitudes[j] as number) < (latitudes[i] as number);
    // From the southern end to the northern, whichever way the outline runs, so that neighbours round alike.
    const from = rises ? j : i;
    const to = rises ? i : j;
    const y = latitudes[from] as number;
    const top = latitudes[to] as number;
    if (y > latitude || top <= latitude) continue;
    const start = longitudes[from] as number;
    if (x < start + (((longitudes[to] as number) - start) * (latitude - y)) / (top - y)) inside = !inside;
  }
  return inside;
}

/** The shoelace formula. */
function signedArea(latitudes: Float64Array, longitudes: Float64Array): number {
  let twice = 0;
  for (let i = 0, j = latitudes.length - 1; i < latitudes.length; j = i++) {
    twice +=
      (longitudes[j] as number) * (latitudes[i] as number) - (longitudes[i] as number) * (latitudes[j] as number);
  }
  return twice / 2;
}
