import type { Lanes } from "./lanes.ts";
import { pause } from "./retry.ts";
import { type PlayCounts, playTrips } from "./trips/play-trips.ts";
import { readTrips } from "./trips/read-trips.ts";

/** Events that are handed over between two looks at the clock and at the lanes' room. */
const stepEvents = 500;

/**
 * Replays a file through the lanes; resolves when every event has its answer, or early when the signal says stop.
 * @param p.speed how many times faster than real time; 0 does not wait at all
 * @throws PipelineError replay_file_unreadable, apps_request_refused
 */
export async function replayFile(p: {
  readonly file: string;
  readonly timeZone: string;
  readonly limit?: number | undefined;
  readonly speed: number;
  readonly drivers: number;
  readonly locationIntervalSeconds: number;
  readonly maxLocations: number;
  readonly lanes: Lanes;
  readonly signal: AbortSignal;
  /** Called now and then with the counts so far, which go on changing. */
  readonly onProgress?: (counts: PlayCounts) => void;
}): Promise<PlayCounts> {
  const rows = readTrips({
    file: p.file,
    timeZone: p.timeZone,
    limit: p.limit,
  });
  const play = playTrips(rows, {
    drivers: p.drivers,
    locationIntervalMs: p.locationIntervalSeconds * 1_000,
    maxLocations: p.maxLocations,
  });
  const clock = createReplayClock(p.speed, p.signal);
  let handed = 0;
  for await (const handful of play.events) {
    for (const { postAtMs, keyed } of handful) {
      const waiting = clock.until(postAtMs);
      if (waiting !== undefined) await waiting;
      if (p.signal.aborted) return play.counts;
      p.lanes.submit(keyed);
      handed += 1;
      if (handed % stepEvents === 0) {
        p.onProgress?.(play.counts);
        await p.lanes.room();
      }
    }
    // Reference data goes ahead of everything else, so that the first trips find it.
    if (handed <= play.counts.reference) await p.lanes.drain();
  }
  await p.lanes.drain();
  return play.counts;
}

/** Says how long to wait until a time of the file comes; the first time asked for is now. */
function createReplayClock(speed: number, signal: AbortSignal) {
  let firstMs: number | undefined;
  let startedMs = 0;
  return {
    until(timeMs: number): Promise<void> | undefined {
      if (speed === 0 || !Number.isFinite(timeMs)) return undefined;
      if (firstMs === undefined) {
        firstMs = timeMs;
        startedMs = performance.now();
      }
      const dueMs = startedMs + (timeMs - firstMs) / speed;
      const waitMs = dueMs - performance.now();
      return waitMs > 1 ? pause(waitMs, signal) : undefined;
    },
  };
}
