const earthRadiusMetres = 6_371_008.8;

/** A point on earth in degrees. */
export type Place = { readonly latitude: number; readonly longitude: number };

/** The great-circle distance in metres by the haversine formula, on a sphere of the mean radius: right to about 0.5 %. */
export function metresBetween(a: Place, b: Place): number {
  const radians = Math.PI / 180;
  const sinLatitude = Math.sin(((b.latitude - a.latitude) * radians) / 2);
  const sinLongitude = Math.sin(((b.longitude - a.longitude) * radians) / 2);
  const h = sinLatitude ** 2 + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * sinLongitude ** 2;
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(h)));
}
