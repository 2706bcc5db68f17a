import { createRandom } from "../../apps/random.ts";

/** The same events as they may arrive: each late by up to `latenessMs`, and a fifth of them once more. */
export function shuffleWithin<T extends { readonly timeMs: number }>(
  events: readonly T[],
  latenessMs: number,
  seed: number,
): T[] {
  const random = createRandom(seed);
  return events
    .flatMap((event) => [event, ...(random() < 0.2 ? [event] : [])])
    .map((event) => ({ event, at: event.timeMs + random() * latenessMs }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}
