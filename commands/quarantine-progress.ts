import { Presets, SingleBar } from "cli-progress";
import type { CommandContext } from "./command.ts";

/** Shows how far a command over many events is: a bar on a terminal, nothing elsewhere. */
export type QuarantineProgress = { done(count: number): void; stop(): void };

/** @param words in front of the bar, such as "Replaying" @param what is counted */
export function createQuarantineProgress(
  stderr: CommandContext["stderr"],
  words: string,
  total: number,
  what = "events",
): QuarantineProgress {
  if (stderr.isTTY !== true) return { done: () => undefined, stop: () => undefined };
  const format = `${words} {bar} {value} of {total} ${what}, {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: stderr, hideCursor: true, etaBuffer: 50 }, Presets.shades_classic);
  bar.start(total, 0);
  return { done: (count) => bar.increment(count), stop: () => bar.stop() };
}
