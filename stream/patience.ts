import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { headerText, type OutgoingRecord } from "../kafka/index.ts";
import type { Metrics } from "../runtime/index.ts";
import type { BatchOutcome } from "./process-batch.ts";
import type { ReferenceChanges } from "./reference/reference.ts";

export type PatienceParts = {
  /** Records that an outcome has for this topic lack a profile; their header `waits_for` names it. */
  readonly topic: string;
  /** So long after its arrival an event is held back for a profile. */
  readonly limitMs: number;
  readonly changed: ReferenceChanges["changed"];
  readonly metrics: Metrics;
  /** Both clocks in one, for tests: milliseconds since 1970. */
  readonly now?: () => number;
};

/** Begins with a batch: what is asked with each outcome of it until the answer is `go`. */
export type Patience = () => {
  /**
   * `go`: nothing is to be waited for, or it was in vain. `again`: a profile changed, so the batch may come to something else now. `later`: ask
   * once more. It answers within about a second.
   */
  next(outcome: BatchOutcome): Promise<"go" | "again" | "later">;
};

const remembered = 10_000;
const longestWaitMs = 1_000;
/** Profiles seldom come alone: a batch is not judged anew for each of them. */
const gatherMs = 20;

/**
 * An event is held back until its profile comes or the limit is over, counted from its arrival: a backlog, which is older than that, is not held
 * back at all. A profile that was waited for in vain is not waited for again.
 */
export function createPatience(parts: PatienceParts): Patience {
  const now = parts.now ?? Date.now;
  // The wall clock may be set while a batch waits.
  const steady = parts.now ?? (() => performance.now());
  const inVain = new LRUCache<string, true>({ max: remembered });
  const waits = parts.metrics.counter(
    "hailstream_stream_profile_waits_total",
    "Batches held back for a profile: that began, profiles changed meanwhile, or the limit was over.",
    ["outcome"],
  );

  return () => {
    const began = now();
    const beganAt = steady();
    let hasWaited = false;
    return {
      async next(outcome) {
        const lacking = outcome.sends.get(parts.topic);
        if (lacking === undefined) return "go";
        const left = (record: OutgoingRecord) =>
          inVain.has(awaitedOf(record))
            ? 0
            : Math.min(began, arrivalOf(record)) + parts.limitMs - (began + steady() - beganAt);
        const leftMs = Math.max(...lacking.map(left));
        if (leftMs <= 0) {
          if (!hasWaited) return "go";
          waits.inc({ outcome: "over" });
          for (const record of lacking) inVain.set(awaitedOf(record), true);
          return "go";
        }
        if (!hasWaited) waits.inc({ outcome: "began" });
        hasWaited = true;
        if (!(await parts.changed(Math.min(longestWaitMs, leftMs)))) return "later";
        await delay(gatherMs);
        waits.inc({ outcome: "changed" });
        return "again";
      },
    };
  };
}

function awaitedOf(record: OutgoingRecord): string {
  return headerText(record as Parameters<typeof headerText>[0], "waits_for") ?? "";
}

/** 0 when the header is missing: then nothing is waited for. */
function arrivalOf(record: OutgoingRecord): number {
  return Number(headerText(record as Parameters<typeof headerText>[0], "received_at")) || 0;
}
