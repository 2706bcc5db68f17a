import type { Look, StationLook } from "../../console/flow/look.ts";
import { readMetrics } from "../../console/flow/read-metrics.ts";

/** 2026-11-27T00:00:00Z. */
export const midnight = Date.UTC(2026, 10, 27);

/** A station that answers with these metrics, so many seconds after midnight. */
export function answering(name: string, seconds: number, text = "", waiting: Record<string, string> = {}): StationLook {
  const started = "process_start_time_seconds 1000\n";
  return { name, at: midnight + seconds * 1_000, waiting, numbers: readMetrics(started + text) };
}

export function silent(name: string, seconds: number, silence = "nobody listens at its address"): StationLook {
  return { name, at: midnight + seconds * 1_000, silence, waiting: {} };
}

/** Everything at one moment; Kafka and Postgres are all right unless said otherwise. */
export function look(seconds: number, stations: readonly StationLook[], parts: Partial<Look> = {}): Look {
  const at = midnight + seconds * 1_000;
  return {
    at,
    stations,
    kafka: { at, milliseconds: 40 },
    behind: { at, lags: [], missing: [] },
    postgres: { at, milliseconds: 3, deadLetters: [], quarantined: [] },
    ...parts,
  };
}
