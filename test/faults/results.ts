import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultKind, Target } from "./plan.ts";
import type { RecoveryReport } from "./recovery.ts";
import type { RunReport } from "./run.ts";

/** A run as it is kept. */
export type KeptRun = Pick<RunReport, "seed" | "events" | "attempts" | "lost" | "duplicated" | "reordered"> & {
  /** Day of the run, UTC. */
  readonly on: string;
  readonly minutes: number;
  /** Anomalies of other kinds. */
  readonly other: number;
  readonly restSeconds: number;
  /** What was injected, in the order of the plan. */
  readonly faults: readonly (readonly [kind: FaultKind, target: Target])[];
  /** What could not be: it was not there to be broken at that moment. */
  readonly notDone: number;
};

/** What the runs with `--record` have shown: one for each seed, the last one. */
export type Results = { readonly runs: readonly KeptRun[]; readonly recovery: readonly RecoveryReport[] };

const file = join(import.meta.dirname, "results.json");

export function readResults(): Results {
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

const bySeed = (a: { readonly seed: number }, b: { readonly seed: number }) => a.seed - b.seed;

export function recordRun(report: RunReport, minutes: number): void {
  const { seed, events, attempts, lost, duplicated, reordered, anomalies, injected, seconds } = report;
  const run: KeptRun = {
    ...{ seed, on: today(), minutes, events, attempts, lost, duplicated, reordered },
    other: anomalies.length - lost - duplicated - reordered,
    restSeconds: seconds.rest,
    faults: injected.filter(({ done }) => done).map(({ kind, target }) => [kind, target]),
    notDone: injected.filter(({ done }) => !done).length,
  };
  const { runs, ...others } = readResults();
  write({ ...others, runs: [...runs.filter((each) => each.seed !== seed), run].sort(bySeed) });
}

export function recordRecovery(report: RecoveryReport): void {
  const { recovery, ...others } = readResults();
  write({ ...others, recovery: [...recovery.filter(({ seed }) => seed !== report.seed), report].sort(bySeed) });
}

/** A line for each run, so that a change of one is a change of one line. */
function write({ runs, recovery }: Results): void {
  const lines = (items: readonly unknown[]) => items.map((item) => `\n    ${JSON.stringify(item)}`).join(",");
  writeFileSync(file, `{\n  "runs": [${lines(runs)}\n  ],\n  "recovery": [${lines(recovery)}\n  ]\n}\n`);
}

const today = () => new Date().toISOString().slice(0, 10);
