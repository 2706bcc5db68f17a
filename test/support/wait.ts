import { setTimeout as sleep } from "node:timers/promises";

/** It is there to find what hangs: a machine that does other things may take many times as long as a quiet one. */
const patienceMs = 60_000;

/**
 * Waits, around midnight only, until the day in UTC has so much time before it: for tests of days that are counted from today, on which no midnight may fall.
 */
export async function untilDayHas(ms: number): Promise<void> {
  const dayMs = 86_400_000;
  await eventually(() => dayMs - (Date.now() % dayMs) > ms, { timeoutMs: 2 * ms, everyMs: 1_000 });
}

/**
 * Calls `attempt` until it does not throw and does not give `false`, and returns what it gave. Assertions may stand in it.
 * After the time is over, the last error is thrown, so the message says what was still wrong.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false>> {
  const { timeoutMs = patienceMs, everyMs = 25 } = options;
  // Tests set the wall clock.
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await attempt();
      if (value !== false) return value as Exclude<T, false>;
      failure = new Error(`The condition did not hold within ${timeoutMs} ms`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw failure;
    await sleep(everyMs);
  }
}
