import type { Answer, Clock, Network, Random } from "./ports.ts";
import type { Entry, Queue } from "./queue.ts";

/** What the server said of one event; docs/http-api.md lists the fields. */
export type Result = {
  readonly id?: string;
  readonly status: string;
  readonly code?: string;
  readonly pointer?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly message?: string;
  readonly retry_after_ms?: number;
};

export type SenderOptions = {
  readonly url: string;
  readonly key: () => string | Promise<string>;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly batchBytes: number;
  readonly timeoutMs: number;
  readonly maxBackoffMs: number;
  readonly onResult: (entry: Entry, result: Result) => void;
  /** A whole request was not taken. */
  readonly onProblem: (problem: string) => void;
};

/** The server takes 1,000 events a request. */
const maxEvents = 1_000;
/** Browsers let a page that is closed finish 64 KiB of requests. */
const leavingBytes = 60_000;
const final = ["accepted", "duplicate", "quarantined", "rejected"];

/** Sends the queue, one request at a time, oldest events first: so each key keeps its order. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #queue: Queue;
  #events = maxEvents;
  #failures = 0;
  #pausedUntil = 0;
  #askedUntil = 0;
  #running: Promise<void> | undefined;
  #clockOffset: { readonly ms: number; readonly errorMs: number } | undefined;

  constructor(queue: Queue, options: SenderOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** What to add to the device's clock to have the server's, learned from the header `Date`. */
  get clockOffset(): { readonly ms: number; readonly errorMs: number } | undefined {
    return this.#clockOffset;
  }

  /** Milliseconds until the next request may be sent. */
  get pauseMs(): number {
    // Whole, so that a rest below what the clock can tell does not wait for ever.
    return Math.max(0, Math.ceil(this.#pausedUntil - this.#options.clock.monotonic()));
  }

  /** The network is back, or a person came back: what was learned about failures is old. The server's own Retry-After still holds. */
  forgive(): void {
    this.#pausedUntil = this.#askedUntil;
  }

  /** Sends until the queue is empty or something fails. Never rejects. */
  run(allowed: () => boolean, leaving = false): Promise<void> {
    this.#running ??= (async () => {
      try {
        while (allowed() && this.#queue.size > 0 && this.pauseMs === 0) await this.#sendBatch(leaving);
      } finally {
        this.#running = undefined;
      }
    })();
    return this.#running;
  }

  async #sendBatch(leaving: boolean): Promise<void> {
    const { batchBytes, clock, onProblem } = this.#options;
    const batch = this.#queue.batch(leaving ? Math.min(batchBytes, leavingBytes / 2) : batchBytes, this.#events);
    for (const entry of batch) entry.flying = true;
    try {
      const sentAt = clock.now();
      const started = clock.monotonic();
      const answer = await this.#post(batch, sentAt, leaving);
      this.#learnClock(answer, sentAt, clock.monotonic() - started);
      this.#obey(batch, answer);
    } catch (error) {
      onProblem(`no answer: ${String(error)}`);
      this.#backOff(0);
    } finally {
      for (const entry of batch) entry.flying = false;
    }
  }

  async #post(batch: readonly Entry[], sentAt: number, leaving: boolean): Promise<Answer> {
    const { url, key, network, timeoutMs } = this.#options;
    const headers = {
      authorization: `Bearer ${await key()}`,
      "content-type": "application/cloudevents-batch+json",
      "sent-at": String(sentAt),
    };
    return network({ url, headers, body: `[${batch.map(({ text }) => text).join(",")}]`, leaving, timeoutMs });
  }

  #obey(batch: readonly Entry[], answer: Answer): void {
    const { onProblem, onResult } = this.#options;
    const { status } = answer;
    const results = resultsOf(answer);
    let forgotten = 0;
    let waitMs = Number(answer.header("retry-after") ?? 0) * 1_000 || 0;
    for (const [index, entry] of batch.entries()) {
      const result = results[index];
      // A proxy or the page of a hotel may answer 200 as well: only a result with the event's own id counts.
      if (result?.id !== entry.id) continue;
      if (final.includes(result.status)) {
        forgotten++;
        onResult(entry, result);
        this.#queue.finish(entry);
      } else waitMs = Math.max(waitMs, result.retry_after_ms ?? 0);
    }
    if (forgotten === batch.length) {
      this.#failures = 0;
      this.#events = Math.min(maxEvents, this.#events * 2);
      return;
    }
    onProblem(`HTTP ${status}: ${answer.body.slice(0, 500)}`);
    if (forgotten === 0 && (status === 413 || status === 400)) {
      // Smaller parts tell the event that is at fault from the others.
      if (batch.length > 1) {
        this.#events = Math.ceil(batch.length / 2);
        return;
      }
      if (status === 413 || answer.body.includes('"code":"request_')) {
        const entry = batch[0] as Entry;
        onResult(entry, { id: entry.id, status: status === 413 ? "too_large" : "rejected", message: answer.body });
        this.#queue.finish(entry);
        return;
      }
    }
    if (forgotten > 0) this.#failures = 0;
    this.#backOff(waitMs);
  }

  /** Full jitter (Brooker, "Exponential Backoff And Jitter", 2015) on top of what the server asks for. */
  #backOff(waitMs: number): void {
    const { clock, maxBackoffMs, random } = this.#options;
    const ceiling = Math.min(maxBackoffMs, 1_000 * 2 ** Math.min(this.#failures++, 20));
    this.#askedUntil = clock.monotonic() + Math.min(waitMs, 3_600_000);
    this.#pausedUntil = this.#askedUntil + Math.max(1, random() * ceiling);
  }

  #learnClock(answer: Answer, sentAt: number, roundTripMs: number): void {
    const date = Date.parse(answer.header("date") ?? "");
    if (Number.isNaN(date)) return;
    // The header has whole seconds; the answer was made at some moment of the round trip.
    const errorMs = 500 + roundTripMs / 2;
    const known = this.#clockOffset;
    const ms = date + 500 - (sentAt + roundTripMs / 2);
    if (known === undefined || errorMs <= known.errorMs || Math.abs(ms - known.ms) > errorMs + known.errorMs) {
      this.#clockOffset = { ms, errorMs };
    }
  }
}

function resultsOf(answer: Answer): readonly (Result | undefined)[] {
  try {
    const { results } = JSON.parse(answer.body) as { results?: unknown };
    return Array.isArray(results) ? results : [];
  } catch {
    return [];
  }
}
