/** Uses, errors and fatal errors. */
export type Counts = readonly [uses: number, errors: number, fatal: number];

/** A version's recent errors against what was to be expected. */
export type RateComparison = {
  readonly recentUses: number;
  readonly recentErrors: number;
  /** Errors a use; null without a use. */
  readonly rate: number | null;
  readonly baseline: "other_versions" | "own_past" | "none";
  readonly baselineRate: number | null;
  readonly rising: boolean;
};

/** With fewer uses a rate says nothing. */
const minBaselineUses = 100;
const minErrors = 5;
const minRatio = 2;
/** Of a Poisson count the standard deviation is the root of what is expected. */
const deviations = 3;

/**
 * Whether errors of a version rise: at least 5 in the recent minutes, at least twice what the baseline lets expect of the same uses, and above that
 * by three standard deviations. The other versions at the same time are the baseline, since a fault of the servers hits all of them and says
 * nothing about a release; where they are hardly used, the version's own past is.
 */
export function compareRate(of: {
  readonly recent: Counts;
  readonly others: Counts;
  readonly ownPast: Counts;
}): RateComparison {
  const [recentUses, recentErrors] = of.recent;
  const baseline =
    of.others[0] >= minBaselineUses ? "other_versions" : of.ownPast[0] >= minBaselineUses ? "own_past" : "none";
  const against = baseline === "other_versions" ? of.others : of.ownPast;
  const baselineRate = baseline === "none" ? null : against[1] / against[0];
  const expected = (baselineRate ?? 0) * recentUses;
  const rising =
    baselineRate !== null &&
    recentErrors >= minErrors &&
    recentErrors >= minRatio * expected &&
    recentErrors > expected + deviations * Math.sqrt(expected);
  const rate = recentUses === 0 ? null : recentErrors / recentUses;
  return { recentUses, recentErrors, rate, baseline, baselineRate, rising };
}
