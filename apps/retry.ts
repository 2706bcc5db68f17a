import type { Random } from "./random.ts";

/** What a wait depends on. `attempt` is 1 after the first failure. */
export type RetryFacts = { readonly attempt: number; readonly retryAfterMs?: number | undefined };

const baseMs = 100;
const capMs = 10_000;

/**
 * How long to wait before the next attempt, ms: full jitter between 0 and a bound that doubles from 100 ms to 10 s (Marc
 * Brooker, "Exponential Backoff And Jitter", AWS 2015), and never less than the server asked for by Retry-After. On top of
 * Retry-After comes jitter as well, lest all who were turned away come back at the same moment.
 */
export function retryDelayMs(facts: RetryFacts, random: Random): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.min(20, facts.attempt - 1));
  return (facts.retryAfterMs ?? 0) + random() * bound;
}

/** Retry-After (RFC 9110, section 10.2.3): seconds or a date. Undefined when there is none or it says nothing sensible. */
export function readRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** What the status of a whole request means for the events in it. */
export type RequestFate = "answered" | "retry" | "split" | "refused";

/**
 * - `answered`: the body has a result for each event (or 202: all were accepted);
 * - `retry`: nothing is known to be stored; the same events with the same ids go again;
 * - `split`: the request was too large, though its events may not be;
 * - `refused`: no repetition will help: a wrong key, a wrong address.
 */
export function fateOf(status: number): RequestFate {
  if (status === 200 || status === 202 || status === 207 || status === 422) return "answered";
  if (status === 413) return "split";
  if (status === 408 || status === 425 || status === 429 || status >= 500) return "retry";
  return "refused";
}

/** Resolves after the time, or at once when the signal says stop; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
