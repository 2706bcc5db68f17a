import type { Answer, Clock, Network, Random, Request, Storage } from "../../client/index.ts";

/** Repeatable chance (mulberry32). */
export function chance(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Time that passes only when it is told to. The wall clock can jump; the monotonic one cannot. */
export class SimulatedClock implements Clock {
  #time = 0;
  #timers: { at: number; callback: () => void }[] = [];
  wall = Date.parse("2026-11-22T08:00:00Z");

  now(): number {
    return this.wall + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#time + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  async pass(ms: number): Promise<void> {
    const end = this.#time + ms;
    await settled();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#time = Math.max(this.#time, next.at);
      next.callback();
      await settled();
    }
    this.#time = end;
  }

  /** The process that set the timers is gone. */
  forgetTimers(): void {
    this.#timers = [];
  }
}

/** Resolves when every promise that needs no timer is settled: those run before the next turn of the event loop. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A disk of limited size. A process that is killed sees no operation end any more, and its append may be cut off anywhere. */
export class SimulatedDisk {
  readonly files = new Map<string, string>();
  readonly #random: Random;
  capacity = Number.POSITIVE_INFINITY;
  /** Operations until the process is killed within one. */
  killIn = Number.POSITIVE_INFINITY;
  appended = 0;
  readonly #flipped = new Set<string>();
  #life = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get dead(): boolean {
    return this.killIn <= 0;
  }

  kill(): void {
    this.killIn = 0;
  }

  /** The storage of a new process. */
  boot(): Storage {
    const life = ++this.#life;
    this.killIn = Number.POSITIVE_INFINITY;
    const operation = <T>(run: () => T, halfway: () => void = () => undefined): Promise<T> => {
      if (life !== this.#life || this.dead) return new Promise(() => undefined);
      if (--this.killIn <= 0) {
        // Before, within or after the operation.
        const moment = this.#random();
        if (moment < 0.34) halfway();
        else if (moment < 0.67) run();
        return new Promise(() => undefined);
      }
      return new Promise((resolve) => resolve(run()));
    };
    const cut = (name: string, text: string) => {
      const part = text.slice(0, Math.floor(this.#random() * text.length));
      this.files.set(name, (this.files.get(name) ?? "") + part);
    };
    const room = (extra: number) => {
      let used = extra;
      for (const text of this.files.values()) used += text.length;
      return used <= this.capacity;
    };
    return {
      list: () => operation(() => [...this.files.keys()]),
      read: (name) => operation(() => this.files.get(name) ?? ""),
      append: (name, text) =>
        operation(
          () => {
            if (!room(text.length)) {
              if (this.#random() < 0.5) cut(name, text);
              throw new Error("ENOSPC: no space left on device");
            }
            this.appended += text.length;
            this.files.set(name, (this.files.get(name) ?? "") + text);
          },
          () => cut(name, text),
        ),
      write: (name, text) =>
        operation(() => {
          if (!room(text.length)) throw new Error("ENOSPC: no space left on device");
          this.files.set(name, text);
        }),
      remove: (name) => operation(() => void this.files.delete(name)),
    };
  }

  /** Flips one bit of one queue file, as flash memory does; of a file only once, since of the last line two could look like a line that was cut off. */
  flipBit(): void {
    const names = [...this.files.keys()].filter((name) => /^[bnc]\d/.test(name) && !this.#flipped.has(name));
    const name = names[Math.floor(this.#random() * names.length)];
    const bytes = Buffer.from(this.files.get(name ?? "") ?? "");
    if (name === undefined || bytes.length === 0) return;
    const at = Math.floor(this.#random() * bytes.length);
    this.#flipped.add(name);
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(this.#random() * 8));
    this.files.set(name, bytes.toString("utf8"));
  }
}

export type SentEvent = {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/**
 * What ingest does with batches, after docs/http-api.md; `ingest.int.test.ts` holds the same cases against the real one. Events of a topic
 * that Kafka does not take are `retry`, and so are all later ones of that topic, as the door keeps the order of a topic.
 */
export class ModelIngest {
  readonly stored = new Map<string, SentEvent>();
  readonly rejected = new Set<string>();
  readonly #random: Random;
  readonly #clock: SimulatedClock;
  requests = 0;
  maxEvents = 1_000;
  maxBytes = 4_194_304;
  state: "up" | "busy" | "overloaded" = "up";

  constructor(random: Random, clock: SimulatedClock) {
    this.#random = random;
    this.#clock = clock;
  }

  take(request: Pick<Request, "body">): Answer {
    this.requests++;
    if (this.state === "busy")
      return this.#answer(503, { code: "ingest_overloaded" }, 1 + Math.floor(this.#random() * 5));
    const events = JSON.parse(request.body) as SentEvent[];
    if (request.body.length > this.maxBytes || events.length > this.maxEvents) {
      return this.#answer(413, { code: "request_too_large" });
    }
    const failing = this.state === "overloaded" ? Math.floor(this.#random() * events.length) : events.length;
    const away = new Set<string>();
    const results = events.map((event, index) => {
      const topic = event.type;
      if (index >= failing && this.#random() < 0.5) away.add(topic);
      return { index, id: event.id, ...this.#judge(event, away.has(topic)) };
    });
    const retry = results.some(({ status }) => status === "retry");
    return this.#answer(retry ? 503 : 207, { results }, retry ? 2 : 0);
  }

  #judge(event: SentEvent, away: boolean): { readonly status: string; readonly retry_after_ms?: number } {
    const known = this.stored.get(event.id);
    if (known !== undefined) {
      if (JSON.stringify(known) !== JSON.stringify(event)) throw new Error(`another event has the id ${event.id}`);
      return { status: "duplicate" };
    }
    const ahead = Date.parse(event.time) - (Date.parse("2026-11-22T08:00:00Z") + this.#clock.monotonic());
    if (event.data.bad === true || ahead > 86_400_000) {
      this.rejected.add(event.id);
      return { status: "rejected" };
    }
    if (away) return { status: "retry", retry_after_ms: 2_000 };
    this.stored.set(event.id, event);
    return { status: "accepted" };
  }

  #answer(status: number, body: unknown, retryAfter = 0): Answer {
    const date = new Date(Date.parse("2026-11-22T08:00:00Z") + this.#clock.monotonic()).toUTCString();
    const headers: Readonly<Record<string, string>> =
      retryAfter > 0 ? { date, "retry-after": String(retryAfter) } : { date };
    return { status, body: JSON.stringify(body), header: (name) => headers[name] ?? null };
  }
}

/** A mobile network before the model: away, slow, or losing requests and answers. `unheard` are the ids that arrived and whose answer did not. */
export function hostileNetwork(
  ingest: ModelIngest,
  clock: SimulatedClock,
  random: Random,
  state: {
    readonly offline: boolean;
    readonly loss: number;
    readonly alive: () => boolean;
    readonly unheard: Set<string>;
  },
): Network {
  return async (request) => {
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    await wait(random() * 200);
    if (!state.alive()) return new Promise(() => undefined);
    if (state.offline || random() < state.loss) {
      await wait(random() * request.timeoutMs);
      throw new Error("network is unreachable");
    }
    const portal = random() < state.loss / 4;
    if (portal) return { status: 200, body: "<html>Welcome to the hotel</html>", header: () => null };
    const ids = (JSON.parse(request.body) as SentEvent[]).map(({ id }) => id);
    const answer = ingest.take(request);
    for (const id of ids) state.unheard.add(id);
    const lost = random() < state.loss;
    await wait(lost ? request.timeoutMs : random() * 500);
    if (!state.alive() || lost) throw new Error("the answer was lost");
    if (answer.body.includes('"results"')) for (const id of ids) state.unheard.delete(id);
    return answer;
  };
}
