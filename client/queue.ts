import { frameOf, readFrames } from "./frames.ts";
import type { EventClass, Storage } from "./ports.ts";

/** Why an event was given up. */
export type DropReason = "evicted" | "damaged" | "rejected" | "too_large" | "switched_off" | "no_consent" | "invalid";

/** Where an event is: on the device's storage; in memory only, since the storage failed; or given up. */
export type Kept = "stored" | "memory" | "dropped";

/** An event that waits. */
export type Entry = {
  readonly id: string;
  readonly type: string;
  readonly class: EventClass;
  readonly sequence: number;
  /** The event as JSON. */
  readonly text: string;
  /** In the request that is under way: it cannot be evicted. */
  flying: boolean;
  done: boolean;
  /** Given up, and counted so: forgotten on the storage only after its count is written. */
  dropped: boolean;
  file: Segment | undefined;
  kept: ((where: Kept) => void) | undefined;
};

type Segment = { readonly name: string; chars: number; frames: number; left: number; acks: number; sealed: boolean };

export type QueueOptions = {
  readonly storage: Storage;
  /** Characters of events that may wait. */
  readonly maxBytes: number;
  readonly onDrop: (reason: DropReason, type: string, count: number) => void;
  /** Keeps the counts of what was dropped, before what was dropped is forgotten. */
  readonly saveDrops: () => Promise<void>;
};

const segmentChars = 65_536;
const fromLeast: readonly EventClass[] = ["bulk", "normal", "critical"];
const letters: Readonly<Record<EventClass, string>> = { bulk: "b", normal: "n", critical: "c" };

/**
 * The events that wait, in memory to be sent and in append-only files to survive. A class has files of its own, of 64 Ki characters, since the
 * classes are evicted apart; a number that all share tells their order. Adding costs the same however many wait.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #open = new Map<EventClass, Segment>();
  readonly #lines: Readonly<Record<EventClass, Line>> = { bulk: new Line(), normal: new Line(), critical: new Line() };
  #order = new Line();
  #sequence = 0;
  #fileNumber = 0;
  #unwritten: Entry[] = [];
  #finished: Entry[] = [];
  #writing: Promise<void> | undefined;
  #again = false;
  #purge = false;
  #failed = false;
  /** Characters and number of the events that wait. */
  bytes = 0;
  size = 0;
  /** How many of them are critical. */
  critical = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run of the app left. Events that were added meanwhile come after it. */
  async load(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      // What is there stays for the next start, and is not written over: other names, and a later place in the order.
      this.#sequence = 1e12;
      this.#fileNumber = 1e12 + Math.floor(Math.random() * 1e9);
      throw error;
    }
  }

  async #load(): Promise<void> {
    const { storage, onDrop } = this.#options;
    const found: Entry[] = [];
    const names = await storage.list();
    const known = new Set<string>();
    for (const name of names) {
      const match = /(?:^|\/)([bnc])(\d+)$/.exec(name);
      if (match === null) continue;
      this.#fileNumber = Math.max(this.#fileNumber, Number(match[2]) + 1);
      const kind = fromLeast.find((one) => letters[one] === match[1]) as EventClass;
      const { texts, damaged } = readFrames(await storage.read(name));
      const acks = readFrames(await storage.read(`${name}.ack`));
      const acked = new Set(acks.texts.flatMap((text) => text.split(" ")));
      const file: Segment = {
        name,
        chars: 0,
        frames: 0,
        left: 0,
        acks: acks.texts.length + acks.damaged,
        sealed: true,
      };
      for (const line of texts) {
        const space = line.indexOf(" ");
        const sequence = Number(line.slice(0, space));
        this.#sequence = Math.max(this.#sequence, sequence + 1);
        const text = line.slice(space + 1);
        const { id, type } = JSON.parse(text) as { id: string; type: string };
        // Written twice, since the first writing was thought to have failed.
        if (acked.has(String(sequence)) || known.has(id)) continue;
        known.add(id);
        file.left++;
        found.push({
          id,
          type,
          class: kind,
          sequence,
          text,
          flying: false,
          done: false,
          dropped: false,
          file,
          kept: undefined,
        });
      }
      if (damaged > 0 && !acked.has("damaged")) {
        onDrop("damaged", `any ${kind}`, damaged);
        if (await succeeds(this.#options.saveDrops())) await succeeds(this.#acknowledge(file, "damaged"));
      }
      if (file.left === 0) await succeeds(this.#removeFile(file));
    }
    for (const name of names) {
      if (name.endsWith(".ack") && !names.includes(name.slice(0, -4))) await succeeds(storage.remove(name));
    }
    found.sort((a, b) => a.sequence - b.sequence);
    const added = this.#unwritten;
    this.#unwritten = [];
    this.#order = new Line();
    for (const kind of fromLeast) this.#lines[kind].clear();
    this.bytes = this.size = this.critical = 0;
    for (const entry of found) this.#insert(entry);
    for (const entry of added) {
      if (!entry.done) this.add(entry.id, entry.type, entry.class, entry.text, entry.kept);
    }
  }

  /** Adds an event in memory at once; `kept` is told when it is stored. Gives false when it had to be given up. */
  add(id: string, type: string, kind: EventClass, text: string, kept: Entry["kept"]): boolean {
    if (!this.#makeRoom(text.length, kind)) {
      this.#options.onDrop("evicted", type, 1);
      kept?.("dropped");
      return false;
    }
    const sequence = this.#sequence++;
    const entry = {
      id,
      type,
      class: kind,
      sequence,
      text,
      flying: false,
      done: false,
      dropped: false,
      file: undefined,
      kept,
    };
    this.#insert(entry);
    this.#unwritten.push(entry);
    return true;
  }

  /** The oldest events, up to the first that reaches `bytes`: so each batch but the last is full. */
  batch(bytes: number, events: number): Entry[] {
    const taken: Entry[] = [];
    let sum = 0;
    for (const entry of this.#order.waiting()) {
      if (sum >= bytes || taken.length >= events) break;
      taken.push(entry);
      sum += entry.text.length;
    }
    return taken;
  }

  /** Forgets an event: it is stored by the server, or given up. */
  finish(entry: Entry): void {
    if (entry.done) return;
    entry.done = true;
    this.bytes -= entry.text.length;
    this.size--;
    if (entry.class === "critical") this.critical--;
    this.#finished.push(entry);
    this.#order.trim();
    this.#lines[entry.class].trim();
  }

  /** Forgets everything, also on the storage. Gives how many events those were. */
  purge(): number {
    const count = this.size;
    for (const entry of this.batch(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)) {
      entry.kept?.("dropped");
      entry.dropped = true;
      this.finish(entry);
    }
    this.#purge = true;
    return count;
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
      } while (this.#again);
      this.#writing = undefined;
    })();
    return this.#writing;
  }

  /** True when something is in memory only, since the storage failed. */
  get behind(): boolean {
    return this.#unwritten.length > 0 || this.#failed || this.#purge;
  }

  #insert(entry: Entry): void {
    this.#order.push(entry);
    this.#lines[entry.class].push(entry);
    this.bytes += entry.text.length;
    this.size++;
    if (entry.class === "critical") this.critical++;
  }

  /** Evicts the oldest of the least class, up to the class of the new event itself; never what is under way. */
  #makeRoom(chars: number, kind: EventClass): boolean {
    const { maxBytes, onDrop } = this.#options;
    if (this.bytes + chars <= maxBytes) return true;
    for (const least of fromLeast) {
      for (const entry of this.#lines[least].waiting()) {
        if (this.bytes + chars <= maxBytes) return true;
        if (entry.flying) continue;
        onDrop("evicted", entry.type, 1);
        entry.kept?.("dropped");
        entry.dropped = true;
        this.finish(entry);
      }
      if (this.bytes + chars <= maxBytes) return true;
      if (least === kind) return false;
    }
    return false;
  }

  async #writeAll(): Promise<void> {
    const { saveDrops } = this.#options;
    if (this.#purge) this.#purge = !(await succeeds(this.#removeAll()));
    for (const kind of fromLeast) await this.#append(kind);
    const finished = this.#finished;
    this.#finished = [];
    // First counted, then forgotten: a kill between may count one too many, never one too few. A full disk must not keep files that could go.
    const saved = await succeeds(saveDrops());
    const held = saved ? [] : finished.filter((entry) => entry.dropped);
    this.#finished = [...held, ...this.#finished];
    const partly = new Map<Segment, Entry[]>();
    for (const entry of finished) {
      if (entry.file === undefined || (!saved && entry.dropped)) continue;
      entry.file.left--;
      const entries = partly.get(entry.file);
      if (entries === undefined) partly.set(entry.file, [entry]);
      else entries.push(entry);
    }
    // Where this fails, what is sent again is recognised by its id.
    for (const [file, entries] of partly) {
      const text = entries.map(({ sequence }) => sequence).join(" ");
      await succeeds(file.left === 0 ? this.#removeFile(file) : this.#acknowledge(file, text));
    }
    this.#failed = !saved && !(await succeeds(saveDrops()));
  }

  async #append(kind: EventClass): Promise<void> {
    // What is written now would be deleted with the rest.
    if (this.#purge) return;
    const mine: Entry[] = [];
    const others: Entry[] = [];
    for (const entry of this.#unwritten) {
      if (entry.done) entry.kept?.("memory");
      else (entry.class === kind ? mine : others).push(entry);
    }
    this.#unwritten = others;
    for (let from = 0; from < mine.length; ) {
      let file = this.#open.get(kind);
      if (file === undefined || file.sealed || file.chars >= segmentChars) {
        if (file !== undefined) file.sealed = true;
        const name = letters[kind] + this.#fileNumber++;
        file = { name, chars: 0, frames: 0, left: 0, acks: 0, sealed: false };
        this.#open.set(kind, file);
      }
      const part: Entry[] = [];
      let text = "";
      for (; from < mine.length && file.chars + text.length < segmentChars; from++) {
        const entry = mine[from] as Entry;
        text += frameOf(file.frames + part.length, `${entry.sequence} ${entry.text}`);
        part.push(entry);
      }
      try {
        await this.#options.storage.append(file.name, text);
      } catch {
        // Part of it may be there: nothing is written behind it.
        file.sealed = true;
        if (file.left === 0) await succeeds(this.#removeFile(file));
        this.#unwritten = [...part, ...mine.slice(from), ...this.#unwritten];
        for (const entry of this.#unwritten) {
          entry.kept?.("memory");
          entry.kept = undefined;
        }
        return;
      }
      file.chars += text.length;
      file.frames += part.length;
      for (const entry of part) {
        entry.file = file;
        file.left++;
        entry.kept?.("stored");
        entry.kept = undefined;
      }
    }
  }

  /** Marks events of a file as finished. The newline before separates it from what a kill may have cut off. */
  async #acknowledge(file: Segment, text: string): Promise<void> {
    await this.#options.storage.append(`${file.name}.ack`, `\n${frameOf(file.acks++, text)}`);
  }

  async #removeAll(): Promise<void> {
    const { storage } = this.#options;
    this.#open.clear();
    for (const name of await storage.list()) if (/(?:^|\/)[bnc]\d+(?:\.ack)?$/.test(name)) await storage.remove(name);
  }

  async #removeFile(file: Segment): Promise<void> {
    file.sealed = true;
    await this.#options.storage.remove(file.name);
    await this.#options.storage.remove(`${file.name}.ack`);
  }
}

async function succeeds(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch {
    return false;
  }
}

/** Entries in order; those that are done are skipped, and forgotten once they are at the front. */
class Line {
  #entries: Entry[] = [];
  #head = 0;

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
  }

  *waiting(): Generator<Entry> {
    const entries = this.#entries;
    for (let at = this.#head; at < entries.length; at++) if (!entries[at]?.done) yield entries[at] as Entry;
  }

  trim(): void {
    while (this.#entries[this.#head]?.done === true) this.#head++;
    if (this.#head <= 1_024 || this.#head * 2 <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
