/** Demand and supply of one area in one minute. */
export type Balance = { readonly requests: number; readonly unmet: number; readonly open: number };

/** The most that a price is multiplied by. */
export const maxSurge = 3;

/**
 * The surge multiplier of an area: how many requests there were for each open driver, from 1 to 3, in tenths.
 *
 * Demand is the requests of the minute and those that have waited in vain; supply is the open drivers. Both are smoothed, so that a price does not
 * jump at a cell's edge: an area itself weighs a half, each neighbour a twelfth. Supply counts as at least half a driver, so that one request
 * in an empty place is no surge. In whole twelfths, so that any recompute comes to the same number.
 */
export function surgeOf(own: Balance, neighbours: readonly Balance[]): number {
  const demand = 6 * demandOf(own) + sum(neighbours.map(demandOf));
  const supply = Math.max(6, 6 * own.open + sum(neighbours.map(({ open }) => open)));
  const tenths = Math.floor((20 * demand + supply) / (2 * supply));
  return Math.min(maxSurge * 10, Math.max(10, tenths)) / 10;
}

/** The same of a whole city, which has no neighbours. */
export function citySurgeOf(city: Balance): number {
  return surgeOf({ requests: 2 * city.requests, unmet: 2 * city.unmet, open: 2 * city.open }, []);
}

function demandOf({ requests, unmet }: Balance): number {
  return requests + unmet;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
