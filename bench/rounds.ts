/** Middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One thing to measure: a run gives one figure, higher is better. */
export type Contender = { readonly name: string; run(round: number): Promise<number> };

/** Figures of one contender over all rounds. */
export type Figures = { readonly median: number; readonly runs: readonly number[] };

/**
 * Runs every contender once a round, in turn, so that a change of the machine's mood meets all of them.
 * @param say gets a line after each run, for a person who waits.
 */
export async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<Readonly<Record<string, Figures>>> {
  const runs = new Map<string, number[]>(contenders.map((contender) => [contender.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const figure = await contender.run(round);
      runs.get(contender.name)?.push(figure);
      say(`round ${round} of ${rounds}: ${contender.name} ${Math.round(figure).toLocaleString("en-US")}`);
    }
  }
  return Object.fromEntries(
    [...runs].map(([name, figures]) => [name, { median: median(figures), runs: figures.map(Math.round) }]),
  );
}

/** A ratio with two digits behind the point. */
export function ratio(ours: number, other: number): number {
  return Math.round((ours / other) * 100) / 100;
}

/** What a reader must know to read the figures. */
export function conditions(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: navigator.hardwareConcurrency,
    ...more,
  };
}
