import type { Place } from "./geo.ts";

/** A city as its reference event describes it. The boundary is drawn by hand and generous: an outline, not a survey. */
export type City = {
  readonly cityId: string;
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly timezone: string;
  /** A place in the middle where demand is highest. */
  readonly centre: Place;
  /** Corners in order; the last one joins the first. */
  readonly boundary: readonly Place[];
};

const corners = (pairs: readonly (readonly [number, number])[]): readonly Place[] =>
  pairs.map(([latitude, longitude]) => ({ latitude, longitude }));

/** The five boroughs and the New Jersey bank of the Hudson, where green taxis are seen too. */
export const newYork: City = {
  cityId: "cty_new_york",
  name: "New York",
  country: "US",
  currency: "USD",
  timezone: "America/New_York",
  centre: { latitude: 40.7359, longitude: -73.9552 },
  boundary: corners([
    [40.49, -74.26],
    [40.528, -74.1],
    [40.555, -73.94],
    [40.54, -73.8],
    [40.585, -73.735],
    [40.66, -73.715],
    [40.74, -73.69],
    [40.83, -73.745],
    [40.885, -73.77],
    [40.918, -73.85],
    [40.918, -73.925],
    [40.85, -73.975],
    [40.775, -74.035],
    [40.7, -74.075],
    [40.65, -74.11],
    [40.645, -74.205],
    [40.545, -74.26],
  ]),
};

/** Within the ring of its districts. */
export const berlin: City = {
  cityId: "cty_berlin",
  name: "Berlin",
  country: "DE",
  currency: "EUR",
  timezone: "Europe/Berlin",
  centre: { latitude: 52.52, longitude: 13.405 },
  boundary: corners([
    [52.42, 13.1],
    [52.47, 13.11],
    [52.55, 13.13],
    [52.6, 13.2],
    [52.66, 13.29],
    [52.65, 13.48],
    [52.6, 13.6],
    [52.53, 13.66],
    [52.44, 13.75],
    [52.36, 13.7],
    [52.38, 13.5],
    [52.38, 13.32],
    [52.4, 13.18],
  ]),
};

/** The municipality without its forests in the south. */
export const saoPaulo: City = {
  cityId: "cty_sao_paulo",
  name: "São Paulo",
  country: "BR",
  currency: "BRL",
  timezone: "America/Sao_Paulo",
  centre: { latitude: -23.561, longitude: -46.656 },
  boundary: corners([
    [-23.42, -46.8],
    [-23.38, -46.7],
    [-23.4, -46.58],
    [-23.46, -46.48],
    [-23.48, -46.38],
    [-23.58, -46.37],
    [-23.64, -46.46],
    [-23.66, -46.6],
    [-23.78, -46.64],
    [-23.82, -46.74],
    [-23.7, -46.8],
    [-23.58, -46.82],
  ]),
};

/** All cities that the apps know, the busiest first. */
export const cities: readonly [City, ...City[]] = [newYork, berlin, saoPaulo];
