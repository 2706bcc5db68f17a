import { renameSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Names the file from which a process takes how far its clock is off. */
export const clockFileVariable = "FAULTS_CLOCK_FILE";

/** The wall clock of one process. */
export type Clock = {
  /** Sets it so far ahead of the true time, or behind it; 0 sets it right. The process sees it within a few hundredths of a second. */
  set(shiftMs: number): void;
  /** What the process is to be started with. */
  readonly variables: Readonly<Record<string, string>>;
};

const preload = pathToFileURL(`${import.meta.dirname}/shifted-clock.ts`).href;

/** @param file where it stands how far the clock is off; made at the first `set` */
export function createClock(file: string, nodeOptions = process.env.NODE_OPTIONS ?? ""): Clock {
  return {
    set(shiftMs) {
      // Never half of it.
      writeFileSync(`${file}.new`, String(shiftMs));
      renameSync(`${file}.new`, file);
    },
    variables: { NODE_OPTIONS: `${nodeOptions} --import=${preload}`.trim(), [clockFileVariable]: file },
  };
}
