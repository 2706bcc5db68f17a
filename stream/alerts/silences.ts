/** Nothing that it is about is told until it ends. */
export type Silence = {
  readonly id: string;
  readonly startsMs: number;
  readonly endsMs: number;
  /** Labels and their values, all of which an alert must have; `rule` and `severity` count as labels. */
  readonly matches: Readonly<Record<string, string>>;
};

/** Which alerts are silenced now: reference data of the evaluator. */
export type Silences = {
  /** Whether an alert with these labels is to be told at a moment. */
  silences(labels: Readonly<Record<string, string>>, nowMs: number): boolean;
};

export const noSilences: Silences = { silences: () => false };

/** Those of a list. */
export function createSilences(list: readonly Silence[]): Silences {
  return {
    silences: (labels, nowMs) =>
      list.some(
        ({ startsMs, endsMs, matches }) =>
          startsMs <= nowMs &&
          nowMs < endsMs &&
          Object.entries(matches).every(([name, value]) => labels[name] === value),
      ),
  };
}
