/** What every bench gives: one object, printed as one line by --json. */
export type BenchResult = {
  readonly bench: string;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly ours: unknown;
  readonly peer: unknown;
  readonly limit: unknown;
  readonly ratio: { readonly peer: unknown; readonly limit: unknown };
};

/** How long and how often; a bench may bound them further. */
export type BenchOptions = { readonly rounds: number; readonly records: number; say(line: string): void };
