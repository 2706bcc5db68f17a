import { setTimeout as delay } from "node:timers/promises";
import { createService, type Logger, messageOf, type Service } from "../runtime/index.ts";

/** The rest between two runs is at least so many times the length of a run. */
const restPerRun = 4;

/**
 * Does something again and again until it is stopped, with a rest in between: `everyMs`, and never more than a fifth of the time at work. What fails is told
 * and tried again.
 */
export function createRepeating(parts: {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  run(): Promise<void>;
}): Service {
  const stopped = new AbortController();
  let rounds: Promise<void> | undefined;
  return createService({
    name: parts.name,
    start() {
      rounds = keepOn();
    },
    async stop() {
      stopped.abort();
      await rounds;
    },
  });

  async function keepOn(): Promise<void> {
    while (!stopped.signal.aborted) {
      const begin = performance.now();
      try {
        await parts.run();
      } catch (error) {
        if (stopped.signal.aborted) return;
        parts.log.warn({ err: error }, `${parts.name} failed and is tried again: ${messageOf(error)}`);
      }
      const rest = Math.max(parts.everyMs, restPerRun * (performance.now() - begin));
      await delay(rest, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }
}
