import type { Change, RememberingStep } from "../state/remembering-step.ts";
import { inOrder, type JudgedFix, type Jump, type JumpRules, jumpBetween } from "./judge-jumps.ts";
import type { Fix } from "./read-fix.ts";

export type TrackRules = JumpRules & {
  /** So long after a position was told, by event time, the next one is told at once; what comes between waits. */
  readonly positionEveryMs: number;
};

/** What is remembered of a driver: a small row that stays, so that no old position is ever told behind a newer one. */
export type Track = {
  readonly driverId: string;
  /** The position that was told last. */
  readonly told: Pick<Fix, "timeMs" | "id">;
  /** A newer one that was not. */
  readonly untold: Fix | null;
  /** The last position that was judged, and in their order those that wait until no older one can come. */
  readonly judged: JudgedFix | null;
  readonly unjudged: readonly JudgedFix[];
};

export type Tracked =
  | { readonly type: "position"; readonly fix: Fix }
  | { readonly type: "jump"; readonly driverId: string; readonly jump: Jump };

/** Positions are judged together, when the oldest of them is this far behind. */
const judgeMs = 10_000;

/**
 * Follows each driver: the last known position, told at most once in a while, and jumps between consecutive positions. Both are decided by the
 * positions' own times: a position is told only when it is newer than the one told before, and jumps are judged once the watermark says that no
 * position in between can come. A position that comes later still, older than one that was judged, is not judged.
 */
export function trackDriver(rules: TrackRules): RememberingStep<Fix, Track, Tracked> {
  return {
    keyOf: ({ driverId }) => driverId,
    timeOf: ({ timeMs }) => timeMs,

    take(before, fix, { watermark, late }) {
      const { driverId, timeMs, id } = fix;
      const rest = { driverId, judged: before?.judged ?? null, unjudged: withFix(before, fix) };
      // Those that come late come together: a device sends what it kept.
      const change = (track: Track, emit: readonly Tracked[]): Change<Track, Tracked> => ({
        state: track,
        wakeMs: wakeOf(track, late ? watermark + judgeMs : undefined),
        emit,
      });
      if (before !== undefined) {
        const { told, untold } = before;
        if (inOrder(untold ?? told, fix) >= 0) return change({ ...rest, told, untold }, []);
        if (timeMs < told.timeMs + rules.positionEveryMs) return change({ ...rest, told, untold: fix }, []);
      }
      return change({ ...rest, told: { timeMs, id }, untold: null }, [{ type: "position", fix }]);
    },

    wake({ driverId, told, untold, judged, unjudged }, { watermark }) {
      const emit: Tracked[] = [];
      const ripe = unjudged.filter(({ timeMs }) => timeMs < watermark);
      let last = judged;
      for (const fix of ripe) {
        const jump = last === null ? undefined : jumpBetween(last, fix, rules);
        if (jump !== undefined) emit.push({ type: "jump", driverId, jump });
        last = fix;
      }
      const rest = { driverId, judged: last, unjudged: unjudged.slice(ripe.length) };
      const isOut = untold !== null && untold.timeMs <= watermark;
      if (isOut) emit.push({ type: "position", fix: untold });
      const track: Track = isOut
        ? { ...rest, told: { timeMs: untold.timeMs, id: untold.id }, untold: null }
        : { ...rest, told, untold };
      return { state: track, wakeMs: wakeOf(track), emit };
    },
  };
}

/** The positions to be judged with one more in its place, unless it is there already or comes behind its turn. */
function withFix(track: Track | undefined, { driverId: _, shown: __, ...fix }: Fix): readonly JudgedFix[] {
  const unjudged = track?.unjudged ?? [];
  if (track !== undefined && track.judged !== null && inOrder(track.judged, fix) >= 0) return unjudged;
  const behind = unjudged.findLastIndex((other) => inOrder(other, fix) <= 0);
  const before = unjudged[behind];
  if (before !== undefined && inOrder(before, fix) === 0) return unjudged;
  return unjudged.toSpliced(behind + 1, 0, fix);
}

function wakeOf({ untold, unjudged }: Track, notBeforeMs = Number.NEGATIVE_INFINITY): number | undefined {
  const [oldest] = unjudged;
  const due = Math.min(
    untold === null ? Number.POSITIVE_INFINITY : untold.timeMs,
    oldest === undefined ? Number.POSITIVE_INFINITY : oldest.timeMs + judgeMs,
  );
  return due === Number.POSITIVE_INFINITY ? undefined : Math.max(due, notBeforeMs);
}
