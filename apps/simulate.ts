import { createService, type Service } from "../runtime/index.ts";
import { createLiveCity } from "./city/live-city.ts";
import type { Lanes } from "./lanes.ts";
import { pause } from "./retry.ts";

/** Where the city's events go. */
export type Posts = Pick<Lanes, keyof Service | "submit" | "room" | "drain">;

/** What a simulation did besides what its posts tell. */
export type Simulation = Service & {
  /** Events of the city that were due and not made, since the server did not take those before them. */
  readonly skipped: number;
  /** Resolves when the duration is over and every event has its answer; without a duration, when stopped. */
  readonly finished: Promise<void>;
};

/** The least time between two looks at the schedule, ms: short enough that events do not come in bursts. */
const tickMs = 10;
/** After a stall the city catches up on this much time and lets the rest go: a real crowd does not wait either. */
const catchUpMs = 1_000;

/**
 * Runs a synthetic city against the door at a steady rate. The reference data goes first, and nothing else before it is stored.
 * A refusal by the server fails the service; trouble on the way does not, however long it lasts.
 * The posts start and stop with it.
 */
export function createSimulation(p: {
  readonly drivers: number;
  readonly rate: number;
  readonly seed: number;
  readonly durationSeconds?: number | undefined;
  readonly posts: Posts;
}): Simulation {
  const quit = new AbortController();
  const finished = Promise.withResolvers<void>();
  let skipped = 0;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    const city = createLiveCity({ drivers: p.drivers, seed: p.seed, rate: p.rate, nowMs: Date.now() });
    for (const event of city.reference(Date.now())) {
      p.posts.submit(event);
      await p.posts.room();
      if (quit.signal.aborted) return;
    }
    await p.posts.drain();
    await live(city.next);
  }

  async function live(next: (nowMs: number) => Parameters<Posts["submit"]>[0] | undefined): Promise<void> {
    const beganMs = performance.now();
    const endMs = beganMs + (p.durationSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
    let tokens = 0;
    // The city's clock must not go back, even where the machine's does.
    let nowMs = 0;
    while (!quit.signal.aborted && performance.now() < endMs) {
      const due = Math.floor(((Math.min(performance.now(), endMs) - beganMs) * p.rate) / 1_000);
      const late = due - tokens - Math.ceil((catchUpMs * p.rate) / 1_000);
      if (late > 0) {
        skipped += late;
        tokens += late;
      }
      nowMs = Math.max(nowMs, Date.now());
      for (; tokens < due && !quit.signal.aborted; tokens += 1) {
        const event = next(nowMs);
        if (event !== undefined) p.posts.submit(event);
      }
      await p.posts.room();
      const nextMs = beganMs + ((tokens + 1) / p.rate) * 1_000;
      await pause(Math.max(tickMs, Math.min(nextMs, endMs) - performance.now()), quit.signal);
    }
    await p.posts.drain();
  }

  const service = createService({
    name: "simulation",
    async start(fail) {
      await p.posts.start(fail);
      running = run().then(
        () => finished.resolve(),
        (error: unknown) => {
          finished.resolve();
          fail(error);
        },
      );
    },
    async stop() {
      quit.abort();
      // The posts let go of whoever waits for them; a server that does not answer must not hold up the stop.
      await p.posts.stop();
      await running;
      finished.resolve();
    },
  });
  return Object.defineProperties(service, {
    skipped: { get: () => skipped },
    finished: { value: finished.promise },
  }) as Simulation;
}
