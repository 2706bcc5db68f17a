import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `attempt` until it does not throw and does not give `false`, and returns what it gave. Assertions may stand in it.
 * After the time is over, the last error is thrown, so the message says what was still wrong.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false>> {
  const { timeoutMs = 10_000, everyMs = 25 } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await attempt();
      if (value !== false) return value as Exclude<T, false>;
      failure = new Error(`The condition did not hold within ${timeoutMs} ms`);
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) throw failure;
    await sleep(everyMs);
  }
}
