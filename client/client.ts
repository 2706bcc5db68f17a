import { systemClock } from "./adapters/clock.ts";
import { fetchNetwork } from "./adapters/fetch.ts";
import { Drops } from "./drops.ts";
import type { Clock, EventClass, Lifecycle, Network, Random, Storage } from "./ports.ts";
import { type DropReason, type Entry, type Kept, Queue } from "./queue.ts";
import { type Result, Sender } from "./sender.ts";
import { uuidv7 } from "./uuid.ts";

/** `pending`: events wait on the device; `denied`: what waits is deleted and nothing is kept. */
export type Consent = "granted" | "pending" | "denied";

export type ClientOptions = {
  /** Where ingest is, such as https://events.example.com. */
  readonly url: string;
  /** An API key, or what fetches a device token; it is asked before each request. */
  readonly key: string | (() => string | Promise<string>);
  /** Which app, such as /apps/driver/ios/6.1.2. */
  readonly source: string;
  readonly storage: Storage;
  /** The class of each event type; `normal` where it is missing. Generated code brings them. */
  readonly classes?: Readonly<Record<string, EventClass>>;
  readonly consent?: Consent;
  readonly network?: Network;
  readonly clock?: Clock;
  readonly lifecycle?: Lifecycle;
  readonly random?: Random;
  /** Characters of events that may wait; above it the oldest of the least class go. 10 Mi. */
  readonly maxQueueBytes?: number;
  /** Characters of an event; the server takes 32 KiB. */
  readonly maxEventBytes?: number;
  /** A request has events up to the first that reaches this many characters. 128 Ki. */
  readonly batchBytes?: number;
  /** So many waiting characters are sent at once. 32 Ki. */
  readonly flushBytes?: number;
  /** An event waits at most so long while there is a network; a critical one not at all. 10 s. */
  readonly flushIntervalMs?: number;
  readonly timeoutMs?: number;
  readonly maxBackoffMs?: number;
  /** Which event types are switched off now; asked at the start and every quarter of an hour. */
  readonly switchedOff?: () => Promise<readonly string[]>;
  /** False: dropped events are counted, but no `app.events_dropped` tells of them. */
  readonly reportDrops?: boolean;
  /** An event was refused (`rejected`, `quarantined`), with the reason. */
  readonly onRefused?: (event: { readonly id: string; readonly type: string }, result: Result) => void;
  readonly onDrop?: (reason: DropReason, type: string, count: number) => void;
  /** Something went wrong that the client gets over by itself; for logs. */
  readonly onProblem?: (problem: string) => void;
};

/** `kept` says where the event is, as soon as that is known; it never rejects. */
export type Tracked = { readonly id: string; readonly kept: Promise<Kept> };

export type ClientStatus = {
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Accepted, duplicate or quarantined. */
  readonly delivered: number;
  readonly quarantined: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly clockOffset: { readonly ms: number; readonly errorMs: number } | undefined;
};

/** The event that tells the server what was dropped. */
export const dropReport = "app.events_dropped";

const storageRetryMs = 5_000;
const switchesEveryMs = 900_000;

/** Starts a client. It never throws into the app and never blocks it: what goes wrong is counted and told to the callbacks. */
export function createClient<Events extends { readonly [K in keyof Events]: object }>(
  options: ClientOptions,
): Client<Events> {
  return new Client(options);
}

/** Takes events and delivers each once, or counts it as dropped. Made by `createClient`. */
export class Client<Events extends { readonly [K in keyof Events]: object }> {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #drops: Drops;
  readonly #queue: Queue;
  readonly #sender: Sender;
  readonly #loaded: Promise<void>;
  readonly #endings: (() => void)[] = [];
  #ready = false;
  #closed = false;
  #consent: Consent;
  #off: ReadonlySet<string> = new Set();
  #clientId = "";
  /** The report that is in the queue of this run. */
  #reported = "";
  #timer: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #storageTimer: (() => void) | undefined;
  #delivered = 0;
  #quarantined = 0;

  constructor(options: ClientOptions) {
    const { key, storage, onDrop } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#consent = options.consent ?? "granted";
    this.#drops = new Drops(storage);
    this.#queue = new Queue({
      storage,
      maxBytes: options.maxQueueBytes ?? 10_485_760,
      saveDrops: () => this.#drops.save(),
      onDrop: (reason, type, count) => {
        this.#drops.count(reason, type, count);
        this.#safely(() => onDrop?.(reason, type, count));
      },
    });
    this.#sender = new Sender(this.#queue, {
      url: `${options.url.replace(/\/+$/, "")}/v1/events`,
      key: typeof key === "string" ? () => key : key,
      network: options.network ?? fetchNetwork(),
      clock: this.#clock,
      random: options.random ?? Math.random,
      batchBytes: options.batchBytes ?? 131_072,
      timeoutMs: options.timeoutMs ?? 30_000,
      maxBackoffMs: options.maxBackoffMs ?? 300_000,
      onResult: (entry, result) => this.#onResult(entry, result),
      onProblem: (problem) => this.#problem(problem),
    });
    this.#loaded = this.#load();
    const { lifecycle } = options;
    if (lifecycle !== undefined) {
      this.#endings.push(lifecycle.onLeave(() => void this.#run(true)));
      this.#endings.push(
        lifecycle.onReturn(() => {
          this.#sender.forgive();
          void this.#run(false);
        }),
      );
    }
  }

  /** Takes an event. It is in the queue when this returns, and on the storage when `kept` says so. */
  track<T extends keyof Events & string>(type: T, data: Events[T], subject?: string): Tracked {
    const now = this.#clock.now();
    const id = uuidv7(now);
    const refuse = (reason: DropReason): Tracked => {
      this.#drop(reason, type);
      if (this.#ready) void this.#write();
      return { id, kept: Promise.resolve("dropped") };
    };
    if (this.#consent === "denied" || this.#closed) return refuse("no_consent");
    if (this.#off.has(type)) return refuse("switched_off");
    let text: string;
    try {
      const time = new Date(now).toISOString();
      const { source } = this.#options;
      text = JSON.stringify({ specversion: "1.0", id, type, source, time, subject, data });
    } catch (error) {
      this.#problem(`${type} cannot be written as JSON: ${String(error)}`);
      return refuse("invalid");
    }
    if (text.length > (this.#options.maxEventBytes ?? 32_768)) return refuse("too_large");
    const kept = new Promise<Kept>((resolve) => this.#queue.add(id, type, this.#classOf(type), text, resolve));
    if (this.#ready) {
      void this.#write();
      this.#schedule();
    }
    return { id, kept };
  }

  /** Sends what waits, as far as network and server allow. Never rejects. */
  async flush(): Promise<void> {
    await this.#loaded;
    await this.#run(false);
  }

  /** `denied` deletes what waits on the device; `pending` keeps it there. */
  async setConsent(consent: Consent): Promise<void> {
    this.#consent = consent;
    await this.#loaded;
    if (consent === "denied") {
      const count = this.#queue.purge();
      if (count > 0) this.#drop("no_consent", "any", count);
      await this.#write();
    } else this.#schedule();
  }

  /** Events of these types are dropped and counted from now on; of others no longer. */
  switchOff(types: readonly string[]): void {
    this.#off = new Set(types);
  }

  status(): ClientStatus {
    return {
      waiting: this.#queue.size,
      waitingBytes: this.#queue.bytes,
      delivered: this.#delivered,
      quarantined: this.#quarantined,
      dropped: { ...this.#drops.total },
      clockOffset: this.#sender.clockOffset,
    };
  }

  /** Sends what it can, writes the rest to the storage and ends all timers. */
  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    for (const end of this.#endings) end();
    this.#timer?.();
    this.#storageTimer?.();
    await this.#queue.write();
  }

  async #load(): Promise<void> {
    try {
      const { storage } = this.#options;
      await this.#drops.load();
      await this.#queue.load();
      this.#clientId = await storage.read("client");
      if (!/^cli_[0-9a-f-]{36}$/.test(this.#clientId)) {
        this.#clientId = `cli_${uuidv7(this.#clock.now())}`;
        await storage.write("client", this.#clientId);
      }
    } catch (error) {
      this.#problem(`storage: ${String(error)}`);
      if (this.#clientId === "") this.#clientId = `cli_${uuidv7(this.#clock.now())}`;
    }
    this.#ready = true;
    await this.#write();
    void this.#askSwitches();
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#ready || this.#closed || this.#consent !== "granted" || this.#queue.size === 0) return;
    const { flushBytes = 32_768, flushIntervalMs = 10_000 } = this.#options;
    const urgent = this.#queue.critical > 0 || this.#queue.bytes >= flushBytes;
    const wait = Math.max(urgent ? 0 : flushIntervalMs, this.#sender.pauseMs);
    const dueAt = this.#clock.monotonic() + wait;
    if (dueAt >= this.#dueAt) return;
    this.#timer?.();
    this.#dueAt = dueAt;
    this.#timer = this.#clock.after(wait, () => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      void this.#run(false);
    });
  }

  async #run(leaving: boolean): Promise<void> {
    if (!this.#ready || this.#closed || this.#consent !== "granted") return;
    const allowed = () => this.#consent === "granted" && !this.#closed;
    const before = this.#delivered;
    await this.#sender.run(allowed, leaving);
    // While nothing goes through, counts are summed up and not reported one by one.
    const through = this.#delivered > before || this.#queue.size === 0;
    if (through && !leaving && (await this.#reportDrops())) await this.#sender.run(allowed);
    await this.#write();
    this.#schedule();
  }

  async #write(): Promise<void> {
    await this.#queue.write();
    if (!this.#queue.behind || this.#storageTimer !== undefined || this.#closed) return;
    this.#storageTimer = this.#clock.after(storageRetryMs, () => {
      this.#storageTimer = undefined;
      void this.#write();
    });
  }

  /** Queues what was dropped as an event of its own. Gives whether there was something to report. */
  async #reportDrops(): Promise<boolean> {
    if (this.#options.reportDrops === false) return false;
    try {
      const now = this.#clock.now();
      // A report with the time of a wrong clock could itself be refused.
      const offset = this.#sender.clockOffset?.ms ?? 0;
      const report = await this.#drops.seal(uuidv7(now), new Date(now + offset).toISOString());
      if (report === undefined || report.id === this.#reported) return false;
      const { id, time, drops } = report;
      const data = { client_id: this.#clientId, dropped: drops };
      const text = JSON.stringify({
        specversion: "1.0",
        id,
        type: dropReport,
        source: this.#options.source,
        time,
        data,
      });
      const kept = new Promise<Kept>((resolve) => this.#queue.add(id, dropReport, "critical", text, resolve));
      await this.#write();
      const where = await kept;
      if (where !== "dropped") this.#reported = id;
      if (where === "stored") await this.#drops.reported();
      return true;
    } catch (error) {
      this.#problem(`storage: ${String(error)}`);
      return false;
    }
  }

  async #askSwitches(): Promise<void> {
    const { switchedOff } = this.#options;
    if (switchedOff === undefined || this.#closed) return;
    try {
      this.switchOff(await switchedOff());
    } catch (error) {
      this.#problem(`switches: ${String(error)}`);
    }
    if (!this.#closed) this.#endings.push(this.#clock.after(switchesEveryMs, () => void this.#askSwitches()));
  }

  #onResult(entry: Entry, result: Result): void {
    const { id, type } = entry;
    if (result.status === "rejected" || result.status === "too_large") {
      // A report that is refused is not reported in turn.
      entry.dropped = true;
      if (type !== dropReport) this.#drop(result.status, type);
    } else this.#delivered++;
    if (result.status === "quarantined") this.#quarantined++;
    if (result.status !== "accepted" && result.status !== "duplicate") {
      this.#safely(() => this.#options.onRefused?.({ id, type }, result));
    }
  }

  #classOf(type: string): EventClass {
    return this.#options.classes?.[type] ?? "normal";
  }

  #drop(reason: DropReason, type: string, count = 1): void {
    this.#drops.count(reason, type, count);
    this.#safely(() => this.#options.onDrop?.(reason, type, count));
  }

  #problem(problem: string): void {
    this.#safely(() => this.#options.onProblem?.(problem));
  }

  /** A fault in a callback of the app is the app's, but must not stop its events. */
  #safely(callback: () => void): void {
    try {
      callback();
    } catch {
      // There is nobody else to tell.
    }
  }
}
