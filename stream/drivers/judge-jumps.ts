import { metresBetween } from "./distance.ts";
import type { Fix } from "./read-fix.ts";

/** What is remembered of a position until it is judged, and of the last one that was. */
export type JudgedFix = Omit<Fix, "driverId" | "shown">;

export type JumpRules = {
  /** No vehicle of ours drives faster, in metres a second. */
  readonly maxSpeed: number;
};

/** Two consecutive positions that no vehicle can have driven between. */
export type Jump = {
  readonly from: JudgedFix;
  readonly to: JudgedFix;
  /** Metres, less the accuracy of both. */
  readonly distance: number;
  /** Metres a second. */
  readonly speed: number;
};

/** A device that is less sure than this says nothing about speed. */
const worstAccuracy = 500;
/** Devices round times to the second; so two positions of the same moment are a second apart at most. */
const shortestMs = 1_000;
/** Behind a longer gap the driver may have come by train. */
const longestMs = 30 * 60_000;

/** Whether the way between two consecutive positions, in the order of their time, is a jump. */
export function jumpBetween(from: JudgedFix, to: JudgedFix, rules: JumpRules): Jump | undefined {
  const accuracies = [from.accuracy ?? 0, to.accuracy ?? 0];
  if (accuracies.some((accuracy) => accuracy > worstAccuracy)) return undefined;
  const ms = to.timeMs - from.timeMs;
  if (ms > longestMs) return undefined;
  const distance = Math.max(
    0,
    accuracies.reduce((rest, accuracy) => rest - accuracy, metresBetween(from, to)),
  );
  const speed = distance / (Math.max(ms, shortestMs) / 1_000);
  return speed > rules.maxSpeed ? { from, to, distance, speed } : undefined;
}

/** The order of positions: by their own time, of the same time by id. */
export function inOrder(a: Pick<JudgedFix, "timeMs" | "id">, b: Pick<JudgedFix, "timeMs" | "id">): number {
  return a.timeMs - b.timeMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
