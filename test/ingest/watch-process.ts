import { openSync, readSync } from "node:fs";

/**
 * Loaded into a process of ours before its own code (`node --import`), to see it from inside: what its main thread does between two turns of
 * a timer, and the memory that is left after a collection. Answers messages of the parent.
 */

/** The longest of its kind since the last look, in milliseconds. */
export type Watched = {
  /**
   * How long a timer was kept waiting, without the time for which the thread could have run and the kernel ran others instead: on a shared
   * machine that is most of it.
   */
  readonly ownStallMs: number;
  /** The processor time of the main thread between two turns of the timer: no task of ours was longer. */
  readonly busyMs: number;
  /** As a clock on the wall sees it. */
  readonly stallMs: number;
  /** After a collection. Bytes. */
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly outsideBytes: number;
};

const everyMs = 10;
const schedule = openSchedule();
const scratch = Buffer.alloc(64);
let worst = { ownStallMs: 0, busyMs: 0, stallMs: 0 };
let last = sample();

setInterval(() => {
  const now = sample();
  const stallMs = Math.max(0, now.at - last.at - everyMs);
  const busyMs = now.busyMs - last.busyMs;
  const ownStallMs = Math.max(0, stallMs - (now.waitedMs - last.waitedMs));
  worst = {
    ownStallMs: Math.max(worst.ownStallMs, ownStallMs),
    busyMs: Math.max(worst.busyMs, busyMs),
    stallMs: Math.max(worst.stallMs, stallMs),
  };
  last = now;
}, everyMs).unref();

process.on("message", () => {
  const { ownStallMs, busyMs, stallMs } = worst;
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const answer: Watched = {
    ownStallMs,
    busyMs,
    stallMs,
    residentBytes: rss,
    heapBytes: heapUsed,
    outsideBytes: external,
  };
  // A forced collection is no stall of the process's own.
  worst = { ownStallMs: 0, busyMs: 0, stallMs: 0 };
  last = sample();
  process.send?.(answer);
});
// Whoever watches must not keep the process alive.
process.channel?.unref();

/** The kernel's own account of the main thread: nanoseconds on a processor, and nanoseconds ready to run and not run. Linux only. */
function openSchedule(): number | undefined {
  try {
    return openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return undefined;
  }
}

function sample(): { readonly at: number; readonly busyMs: number; readonly waitedMs: number } {
  const at = performance.now();
  if (schedule === undefined) {
    const { user, system } = process.threadCpuUsage();
    return { at, busyMs: (user + system) / 1_000, waitedMs: 0 };
  }
  const text = scratch.toString("latin1", 0, readSync(schedule, scratch, 0, scratch.length, 0));
  const [busy = 0, waited = 0] = text.split(" ").map(Number);
  return { at, busyMs: busy / 1e6, waitedMs: waited / 1e6 };
}
