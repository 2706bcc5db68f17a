import type { Entry } from "./event.ts";
import type { Answer, Clock, Network, Random } from "./ports.ts";
import type { Queue } from "./queue.ts";

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
  /** What became of an event for good; gives whether it is given up. */
  readonly onResult: (entry: Entry, result: Result) => boolean;
  /** A request is over, however it went. */
  readonly onAnswer: () => void;
  /** A whole request was not taken. */
  readonly onProblem: (problem: string) => void;
};

/** The server takes 1,000 events a request. These are over 128 KiB, however small each is, so that bytes decide. */
const maxEvents = 1_000;
/** Browsers let a page that is closed finish requests of 64 KiB; the last event of a batch may have 32. */
const leavingBytes = 30_000;
const finalStatuses = ["accepted", "duplicate", "quarantined", "rejected"];

/** Sends the queue, one request at a time, the oldest events of a class first: so each key keeps its order. */
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
    // A `finally` inside would come before the assignment where there is nothing to do.
    this.#running ??= this.#drain(allowed, leaving).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #drain(allowed: () => boolean, leaving: boolean): Promise<void> {
    const bytes = leaving ? Math.min(this.#options.batchBytes, leavingBytes) : this.#options.batchBytes;
    while (allowed() && this.pauseMs === 0) {
      const batch = this.#queue.batch(bytes, this.#events);
      if (batch.length === 0) return;
      await this.#sendBatch(batch, leaving);
    }
  }

  async #sendBatch(batch: readonly Entry[], leaving: boolean): Promise<void> {
    const { clock, timeoutMs, onAnswer, onProblem } = this.#options;
    for (const entry of batch) entry.busy = true;
    let cancel: () => void = () => undefined;
    // A key that never comes, or a network that forgets its time limit, must not stop all events for ever.
    const tooLate = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs * 2, () => reject(new Error("it takes too long")));
    });
    try {
      await Promise.race([this.#post(batch, leaving), tooLate]);
    } catch (error) {
      onProblem(`no answer: ${String(error)}`);
      this.#backOff(0);
    } finally {
      cancel();
      for (const entry of batch) entry.busy = false;
      onAnswer();
    }
  }

  async #post(batch: readonly Entry[], leaving: boolean): Promise<void> {
    const { clock, url, key, network, timeoutMs } = this.#options;
    const authorization = `Bearer ${await key()}`;
    const sentAt = clock.now();
    const started = clock.monotonic();
    const headers = {
      authorization,
      "content-type": "application/cloudevents-batch+json",
      "sent-at": String(sentAt),
    };
    const body = `[${batch.map(({ text }) => text).join(",")}]`;
    const answer = await network({ url, headers, body, leaving, timeoutMs });
    this.#learnClock(answer, sentAt, clock.monotonic() - started);
    this.#obey(batch, answer);
  }

  #obey(batch: readonly Entry[], answer: Answer): void {
    const { onProblem } = this.#options;
    const { status } = answer;
    const results = resultsOf(answer);
    let waitMs = retryAfterMs(answer);
    let final = 0;
    for (const [index, entry] of batch.entries()) {
      const result = results[index];
      // A proxy or the page of a hotel may answer 200 as well: only a result with the event's own id counts.
      if (result?.id !== entry.id) continue;
      if (finalStatuses.includes(result.status)) {
        final++;
        this.#finish(entry, result);
      } else waitMs = Math.max(waitMs, result.retry_after_ms ?? 0);
    }
    if (final > 0) this.#failures = 0;
    if (final === batch.length) {
      this.#events = Math.min(maxEvents, this.#events * 2);
      return;
    }
    onProblem(`HTTP ${status}: ${answer.body.slice(0, 500)}`);
    const refused = final === 0 && (status === 413 || (status === 400 && answer.body.includes('"code":"request_')));
    if (!refused) this.#backOff(waitMs);
    // Smaller parts tell the event that is at fault from the others.
    else if (batch.length > 1) this.#events = Math.ceil(batch.length / 2);
    else {
      const [entry] = batch as [Entry];
      this.#finish(entry, { id: entry.id, status: status === 413 ? "too_large" : "rejected", message: answer.body });
    }
  }

  #finish(entry: Entry, result: Result): void {
    // Given up meanwhile, it is counted already.
    if (!entry.done) this.#queue.finish(entry, this.#options.onResult(entry, result));
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

/** Seconds, as ingest says them, or a date, as proxies may. */
function retryAfterMs(answer: Answer): number {
  const text = answer.header("retry-after") ?? "";
  const seconds = Number(text);
  const until = Date.parse(text) - Date.parse(answer.header("date") ?? "");
  return (Number.isNaN(seconds) ? until : seconds * 1_000) || 0;
}

function resultsOf(answer: Answer): readonly (Result | undefined)[] {
  try {
    const { results } = JSON.parse(answer.body) as { results?: unknown };
    return Array.isArray(results) ? results : [];
  } catch {
    return [];
  }
}
