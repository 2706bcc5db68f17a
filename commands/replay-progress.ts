import { Presets, SingleBar } from "cli-progress";
import type { PlayCounts, Tally } from "../apps/index.ts";
import type { CommandContext } from "./command.ts";

/** Shows how far a replay is: a bar on a terminal, nothing elsewhere. */
export type ReplayProgress = {
  posted(counts: PlayCounts, tally: Tally): void;
  /** Rows found of the events accepted. */
  stored(rows: number, accepted: number): void;
  stop(): void;
};

export function createReplayProgress(stderr: CommandContext["stderr"]): ReplayProgress {
  if (stderr.isTTY !== true) return { posted: () => undefined, stored: () => undefined, stop: () => undefined };
  let bar: SingleBar | undefined;
  let phase = "";
  const show = (name: string, format: string, value: number, total: number, payload: object) => {
    if (phase !== name) {
      bar?.stop();
      bar = new SingleBar({ format, stream: stderr, hideCursor: true, etaBuffer: 50 }, Presets.shades_classic);
      bar.start(total, value, payload);
      phase = name;
    }
    bar?.setTotal(total);
    bar?.update(value, payload);
  };
  return {
    posted: (counts, tally) =>
      show("trips", "Playing {bar} {value} of {total} trips, {accepted} events accepted", counts.begun, counts.trips, {
        accepted: tally.accepted,
      }),
    stored: (rows, accepted) => show("rows", "Storing {bar} {value} of {total} rows", rows, accepted, {}),
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
