import { type Drops, unknown } from "./drops.ts";
import { classes, type DropReason, type Entry, entryOf, succeeds } from "./event.ts";
import { Line } from "./line.ts";
import { type Damage, Log } from "./log.ts";
import type { EventClass, Storage } from "./ports.ts";

export type QueueOptions = {
  readonly storage: Storage;
  /** Bytes of events that may wait. */
  readonly maxBytes: number;
  /** Counts what is given up, on the storage before it is forgotten there. */
  readonly drops: Drops;
  /** What was given up, once it is counted. */
  readonly onDrop: (reason: DropReason, type: string, count: number) => void;
};

const fromMost = [...classes].reverse();

/** What `add` takes. */
export type NewEvent = Pick<Entry, "id" | "type" | "class" | "text"> & Partial<Pick<Entry, "report" | "kept">>;

/**
 * The events that wait: in memory, to be sent, and on the storage, to survive. Adding costs the same however many wait. The classes are lines of their
 * own, so that a call for help does not stand behind an hour of positions; each line keeps its order.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #log: Log;
  readonly #lines: Readonly<Record<EventClass, Line>> = { bulk: new Line(), normal: new Line(), critical: new Line() };
  #sequence = 0;
  #unwritten: Entry[] = [];
  #finished: Entry[] = [];
  /** What was found damaged at the start, until the count of it is written. */
  #damages: Damage[] = [];
  #writing: Promise<void> | undefined;
  #again = false;
  #clearing = false;
  #failed = false;
  /** Bytes and number of the events that wait. */
  bytes = 0;
  size = 0;
  /** How many of them are critical. */
  critical = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#log = new Log(options.storage);
  }

  /** Takes over what earlier runs of the app left; events that were added meanwhile come after it. Rejects when the storage cannot be read. */
  async load(): Promise<void> {
    try {
      const { waiting, gone, damages } = await this.#log.load(this.#options.drops.gone);
      for (const { count } of damages) this.#count("damaged", unknown, count);
      this.#damages = damages;
      for (const entry of gone) entry.done = entry.dropped = true;
      this.#finished.push(...gone);
      this.#begin(waiting, (waiting.at(-1)?.sequence ?? -1) + 1);
    } catch (error) {
      // What could not be read is older.
      this.#begin([], 1e12);
      throw error;
    }
  }

  #begin(entries: readonly Entry[], sequence: number): void {
    const added = [...this.#waiting()].sort((a, b) => a.sequence - b.sequence);
    this.#unwritten = [];
    for (const line of Object.values(this.#lines)) line.clear();
    this.bytes = this.size = this.critical = 0;
    for (const entry of entries) this.#insert(entry);
    this.#sequence = sequence;
    for (const { id, type, class: kind, text, report, kept } of added)
      this.add({ id, type, class: kind, text, report, kept });
  }

  /** Adds an event in memory at once; `kept` is told where it is as soon as that is known. The next `write` evicts what is too much. */
  add(event: NewEvent): void {
    const entry = entryOf({ ...event, sequence: this.#sequence++ });
    const { maxBytes } = this.#options;
    const sum = this.bytes + entry.bytes;
    // What cannot be counted on the storage cannot be evicted there: it would come back, out of order. So the new one goes, which never was there.
    const refused = sum > 2 * maxBytes || (this.#failed && sum > maxBytes && entry.class !== "critical");
    if (refused && !entry.report) {
      tell(entry, "dropped");
      this.#count("evicted", entry.type, 1);
      return;
    }
    this.#insert(entry);
    if (entry.report) return;
    this.#unwritten.push(entry);
    if (this.#failed) tell(entry, "memory");
  }

  /** The oldest events, critical ones first, up to the first that reaches `bytes`: so each batch but the last is full. */
  batch(bytes: number, events: number): Entry[] {
    const taken: Entry[] = [];
    let sum = 0;
    for (const kind of fromMost) {
      for (const entry of this.#lines[kind].waiting()) {
        if (sum >= bytes || taken.length >= events) return taken;
        // About to be evicted, but if that fails it comes before those behind it.
        if (entry.busy) break;
        taken.push(entry);
        sum += entry.bytes;
      }
    }
    return taken;
  }

  /** Forgets an event: the server has it, or it is given up and counted. */
  finish(entry: Entry, dropped: boolean): void {
    if (entry.done) return;
    this.#finished.push(entry);
    this.#end(entry, dropped);
  }

  #end(entry: Entry, dropped: boolean): void {
    entry.done = true;
    entry.dropped = dropped;
    if (dropped) tell(entry, "dropped");
    this.bytes -= entry.bytes;
    this.size--;
    if (entry.class === "critical") this.critical--;
    this.#lines[entry.class].trim();
  }

  /** Gives up those of the waiting events that `chosen` chooses. */
  drop(reason: DropReason, chosen: (entry: Entry) => boolean): void {
    for (const entry of [...this.#waiting()]) {
      if (!chosen(entry)) continue;
      // What a report tells of is counted until it has arrived.
      if (!entry.report) this.#count(reason, entry.type, 1);
      this.finish(entry, true);
    }
  }

  /** Gives up everything, whatever is under way, and removes it from the storage, whatever the storage holds. */
  clear(reason: DropReason): void {
    this.drop(reason, () => true);
    this.#clearing = true;
  }

  /** Brings the storage up to date; resolves when everything from before the call is written or has failed. Never rejects. */
  write(): Promise<void> {
    if (this.#writing !== undefined) {
      this.#again = true;
      return this.#writing;
    }
    this.#writing = (async () => {
      do {
        this.#again = false;
        await this.#writeAll();
      } while (this.#again && !this.#failed);
      this.#writing = undefined;
    })();
    return this.#writing;
  }

  /** True when the storage failed and holds less than the memory, or more. */
  get failed(): boolean {
    return this.#failed;
  }

  *#waiting(): Generator<Entry> {
    for (const kind of fromMost) yield* this.#lines[kind].waiting();
  }

  #insert(entry: Entry): void {
    this.#lines[entry.class].push(entry);
    this.bytes += entry.bytes;
    this.size++;
    if (entry.class === "critical") this.critical++;
  }

  /** The oldest of the least class that must go so that the rest fits; never what is under way. */
  #tooMuch(): Entry[] {
    const victims: Entry[] = [];
    let over = this.bytes - this.#options.maxBytes;
    for (const kind of classes) {
      for (const entry of this.#lines[kind].waiting()) {
        if (over <= 0) return victims;
        if (entry.busy || entry.report) continue;
        victims.push(entry);
        over -= entry.bytes;
      }
    }
    return victims;
  }

  #count(reason: DropReason, type: string, count: number): void {
    this.#options.drops.count(reason, type, count);
    this.#options.onDrop(reason, type, count);
  }

  async #writeAll(): Promise<void> {
    if (this.#clearing && (await succeeds(() => this.#log.clear()))) {
      this.#clearing = false;
      for (const entry of this.#finished) entry.file = entry.ghost = undefined;
    }
    const counted = await this.#forget();
    // What is written before all is cleared would be deleted with the rest.
    const appended = !this.#clearing && (await this.#append());
    this.#failed = !counted || !appended;
  }

  /** Evicts what is too much, and forgets on the storage what is finished: first counted, then forgotten. Gives whether it could be counted. */
  async #forget(): Promise<boolean> {
    const { drops, onDrop } = this.#options;
    const victims = this.#tooMuch();
    for (const entry of victims) {
      entry.busy = true;
      drops.count("evicted", entry.type, 1);
    }
    const finished = this.#finished;
    this.#finished = [];
    const dropped = [...victims, ...finished.filter((entry) => entry.dropped)];
    const stored = dropped.filter(({ file, ghost }) => file !== undefined || ghost !== undefined);
    const saved = await succeeds(() => drops.save(stored.map(({ id }) => id)));
    for (const entry of victims) {
      entry.busy = false;
      // It may have been purged meanwhile, and counted for that.
      if (!saved || entry.done) drops.count("evicted", entry.type, -1);
      else {
        this.#end(entry, true);
        finished.push(entry);
        onDrop("evicted", entry.type, 1);
      }
    }
    if (saved) for (const damage of this.#damages.splice(0)) await this.#log.settle(damage);
    else this.#finished.push(...finished.filter((entry) => entry.dropped));
    // A full disk must not keep files that can go.
    const left = await this.#log.forget(finished.filter((entry) => saved || !entry.dropped));
    // What was delivered and comes back is recognised by the server; what was dropped must not come back.
    this.#finished.push(...left.filter((entry) => entry.dropped));
    return saved;
  }

  async #append(): Promise<boolean> {
    const entries = this.#unwritten;
    this.#unwritten = [];
    let appended = true;
    for (const kind of classes) {
      const mine = entries.filter((entry) => entry.class === kind && !entry.done);
      if (!(await succeeds(() => this.#log.append(kind, mine)))) appended = false;
    }
    const left: Entry[] = [];
    for (const entry of entries) {
      tell(entry, entry.file === undefined ? "memory" : "stored");
      if (entry.file === undefined && !entry.done) left.push(entry);
    }
    this.#unwritten = [...left, ...this.#unwritten];
    return appended;
  }
}

function tell(entry: Entry, where: "stored" | "memory" | "dropped"): void {
  entry.kept?.(where);
  entry.kept = undefined;
}
