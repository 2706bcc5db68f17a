import { systemClock } from "./adapters/clock.ts";
import { fetchNetwork } from "./adapters/fetch.ts";
import { Drops, type Sealed } from "./drops.ts";
import type { DropReason, Entry, Kept } from "./event.ts";
import { utf8Length } from "./event.ts";
import type { Clock, EventClass, Lifecycle, Network, Random, Storage } from "./ports.ts";
import { Queue } from "./queue.ts";
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

/** A storage that fails is tried again after so long, and twice as long each time. */
const minStorageWaitMs = 5_000;
const maxStorageWaitMs = 300_000;
/** A report may be refused for a wrong clock, which its answer corrects; the next is not refused for that. */
const maxRefusals = 2;
const switchesEveryMs = 900_000;

/** Starts a client. `Events` are the data of each event type, where they are known. It never throws into the app and never blocks it: what goes wrong is counted and told to the callbacks. */
export function createClient<Events extends { readonly [K in keyof Events]: object } = Record<string, object>>(
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
  /** Ends the next flush that is planned, and when that is. */
  #timer: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #switchTimer: (() => void) | undefined;
  #storageTimer: (() => void) | undefined;
  #storageWaitMs = minStorageWaitMs;
  /** The report in the queue. */
  #report = "";
  #refusals = 0;
  #delivered = 0;
  #quarantined = 0;

  constructor(options: ClientOptions) {
    const { key, storage, lifecycle } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#consent = options.consent ?? "granted";
    this.#drops = new Drops(storage, () => this.#clock.now());
    this.#queue = new Queue({
      storage,
      maxBytes: options.maxQueueBytes ?? 10_485_760,
      drops: this.#drops,
      onDrop: (reason, type, count) => this.#tellDrop(reason, type, count),
    });
    this.#sender = new Sender(this.#queue, {
      url: `${String(options.url).replace(/\/+$/, "")}/v1/events`,
      key: typeof key === "function" ? key : () => key,
      network: options.network ?? fetchNetwork(),
      clock: this.#clock,
      random: options.random ?? Math.random,
      batchBytes: options.batchBytes ?? 131_072,
      timeoutMs: options.timeoutMs ?? 30_000,
      maxBackoffMs: options.maxBackoffMs ?? 300_000,
      onResult: (entry, result) => this.#onResult(entry, result),
      onAnswer: () => void this.#write(),
      onProblem: (problem) => this.#problem(problem),
    });
    this.#loaded = this.#load();
    if (lifecycle === undefined) return;
    const returned = () => {
      this.#sender.forgive();
      void this.#run(false);
    };
    this.#safely(() => {
      this.#endings.push(lifecycle.onLeave(() => void this.#run(true)));
      this.#endings.push(lifecycle.onReturn(returned));
    });
  }

  /** Takes an event. It is in the queue when this returns, and on the storage when `kept` says so. */
  track<T extends keyof Events & string>(type: T, data: Events[T], subject?: string): Tracked {
    const now = this.#clock.now();
    const id = uuidv7(now);
    const kept = new Promise<Kept>((resolve) => {
      const reason = this.#add(id, type, { time: now, subject, data }, resolve);
      if (reason === undefined) return;
      this.#drop(reason, type, 1);
      resolve("dropped");
    });
    if (this.#ready) {
      if (!this.#queue.failed) void this.#write();
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
    if (consent === "denied") await this.#purge();
    else this.#schedule();
  }

  /** Events of these types are dropped and counted from now on, also those that wait; of others no longer. */
  switchOff(types: readonly string[]): void {
    this.#off = new Set(types);
    this.#queue.drop("switched_off", ({ type, busy, report }) => this.#off.has(type) && !busy && !report);
    if (this.#ready) void this.#write();
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
    for (const end of [this.#timer, this.#storageTimer, this.#switchTimer]) end?.();
    await this.#queue.write();
  }

  /** Queues an event; gives why not, if not. */
  #add(
    id: string,
    type: string,
    event: { readonly time: number; readonly subject: string | undefined; readonly data: object },
    kept: Entry["kept"],
  ): DropReason | undefined {
    if (this.#closed) return "closed";
    if (this.#consent === "denied") return "no_consent";
    if (this.#off.has(type)) return "switched_off";
    let text: string;
    try {
      text = this.#textOf(id, type, event);
    } catch (error) {
      this.#problem(`${type} cannot be written as JSON: ${String(error)}`);
      return "invalid";
    }
    if (utf8Length(text) > (this.#options.maxEventBytes ?? 32_768)) return "too_large";
    this.#queue.add({ id, type, class: this.#options.classes?.[type] ?? "normal", text, kept });
    return undefined;
  }

  #textOf(id: string, type: string, event: { time: number; subject?: string | undefined; data: object }): string {
    const time = new Date(event.time).toISOString();
    return JSON.stringify({ specversion: "1.0", id, type, source: this.#options.source, ...event, time });
  }

  async #load(): Promise<void> {
    // One that fails does not stop the other.
    for (const load of [() => this.#drops.load(), () => this.#queue.load()]) {
      try {
        await load();
      } catch (error) {
        this.#problem(`storage: ${String(error)}`);
      }
    }
    this.#ready = true;
    if (this.#consent === "denied") await this.#purge();
    else await this.#write();
    void this.#askSwitches();
    this.#schedule();
  }

  async #purge(): Promise<void> {
    this.#queue.clear("no_consent");
    this.#drops.forgetDevice();
    this.#report = "";
    await this.#write();
  }

  /** Plans the next flush, when there is something to send. */
  #schedule(): void {
    if (!this.#maySend() || this.#queue.size === 0) return;
    const { flushBytes = 32_768, flushIntervalMs = 10_000 } = this.#options;
    const urgent = this.#queue.critical > 0 || this.#queue.bytes >= flushBytes;
    // After a failure the sender's pause counts alone: devices that failed together would else come back together.
    const wait = this.#sender.pauseMs || (urgent ? 0 : flushIntervalMs);
    const dueAt = this.#clock.monotonic() + wait;
    if (dueAt >= this.#dueAt) return;
    this.#timer?.();
    this.#dueAt = dueAt;
    this.#timer = this.#clock.after(wait, () => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      void this.#run(false);
    });
  }

  #maySend(): boolean {
    return this.#ready && !this.#closed && this.#consent === "granted";
  }

  async #run(leaving: boolean): Promise<void> {
    const before = this.#delivered;
    await this.#sender.run(() => this.#maySend(), leaving);
    // While nothing goes through, counts are summed up and not reported one by one.
    const through = this.#delivered > before || this.#queue.size === 0;
    if (through && !leaving) while (await this.#reportDrops()) await this.#sender.run(() => this.#maySend());
    await this.#write();
    this.#schedule();
  }

  async #write(): Promise<void> {
    await this.#queue.write();
    if (!this.#queue.failed) {
      this.#storageWaitMs = minStorageWaitMs;
      this.#schedule();
      return;
    }
    if (this.#storageTimer !== undefined || this.#closed) return;
    this.#storageTimer = this.#clock.after(this.#storageWaitMs, () => {
      this.#storageTimer = undefined;
      void this.#write();
    });
    this.#storageWaitMs = Math.min(this.#storageWaitMs * 2, maxStorageWaitMs);
  }

  /** Queues what was dropped as an event of its own. Gives whether there was something new to report. */
  async #reportDrops(): Promise<boolean> {
    const off = this.#options.reportDrops === false || this.#off.has(dropReport) || this.#refusals === maxRefusals;
    if (off || this.#report !== "" || !this.#maySend()) return false;
    this.#report = "under way";
    let sealed: Sealed | undefined;
    try {
      // A report with the time of a wrong clock could itself be refused.
      const time = this.#clock.now() + (this.#sender.clockOffset?.ms ?? 0);
      sealed = await this.#drops.seal((id, data) => this.#textOf(id, dropReport, { time, data }));
    } catch (error) {
      this.#problem(`storage: ${String(error)}`);
    }
    // Meanwhile the consent may have been withdrawn.
    if (!this.#maySend()) sealed = undefined;
    this.#report = sealed?.id ?? "";
    if (sealed === undefined) return false;
    this.#queue.add({ ...sealed, type: dropReport, class: "normal", report: true });
    return true;
  }

  async #askSwitches(): Promise<void> {
    const { switchedOff } = this.#options;
    if (switchedOff === undefined || this.#closed) return;
    try {
      this.switchOff(await switchedOff());
    } catch (error) {
      this.#problem(`switches: ${String(error)}`);
    }
    if (!this.#closed) this.#switchTimer = this.#clock.after(switchesEveryMs, () => void this.#askSwitches());
  }

  #onResult({ id, type, report }: Entry, result: Result): boolean {
    const { status } = result;
    const dropped = status === "rejected" || status === "too_large";
    if (report) {
      this.#report = "";
      this.#drops.settle(id, !dropped);
      if (dropped) this.#refusals++;
    } else if (dropped) this.#drop(status, type, 1);
    else this.#delivered++;
    if (status === "quarantined") this.#quarantined++;
    if (dropped || status === "quarantined") this.#safely(() => this.#options.onRefused?.({ id, type }, result));
    return dropped;
  }

  #drop(reason: DropReason, type: string, count: number): void {
    this.#drops.count(reason, type, count);
    this.#tellDrop(reason, type, count);
  }

  #tellDrop(reason: DropReason, type: string, count: number): void {
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
