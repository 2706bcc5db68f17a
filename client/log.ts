import { classes, type Entry, entryOf, type Segment, succeeds } from "./event.ts";
import { frameOf, readFrames } from "./frames.ts";
import type { EventClass, Storage } from "./ports.ts";

/** Events of a file that cannot be read any more: how many of them are not counted yet, and how many there are. */
export type Damage = { readonly file: Segment; readonly count: number; readonly total: number };

type Loaded = { readonly waiting: readonly Entry[]; readonly gone: readonly Entry[]; readonly damages: Damage[] };

/** A file gets no more events above this many characters. */
const segmentSize = 65_536;
const fileName = /(?:^|\/)([bnc])(\d+)(\.ack)?$/;
/** Before the number of damaged events that are counted, among the acknowledgements of a file. */
const counted = "!";

/**
 * The events on the storage, in append-only files of checked frames. A class has files of its own, since the classes are evicted apart: so each
 * is finished from its beginning, and its files go one by one. What of a file is finished stands in another, `NAME.ack`.
 */
export class Log {
  readonly #storage: Storage;
  readonly #open = new Map<EventClass, Segment>();
  #nextFile = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Reads what earlier runs of the app left, in the order in which it was added. What is `gone` is counted as dropped, but still there. */
  async load(gone: ReadonlySet<string>): Promise<Loaded> {
    const entries = new Map<string, Entry>();
    const damages: Damage[] = [];
    let names: readonly string[];
    try {
      names = await this.#storage.list();
    } catch (error) {
      // What is there stays for the next start, and is not written over.
      this.#nextFile = 1e12 + Math.floor(Math.random() * 1e12);
      throw error;
    }
    // No name is used twice, so that an old acknowledgement that could not be removed never speaks of a new event.
    for (const name of names) this.#nextFile = Math.max(this.#nextFile, Number(fileName.exec(name)?.[2] ?? -1) + 1);
    for (const name of names) {
      const [, letter, , ack] = fileName.exec(name) ?? [];
      const kind = classes.find((one) => one[0] === letter);
      if (kind === undefined) continue;
      if (ack === undefined) await this.#read(name, kind, entries, damages);
      else if (!names.includes(name.slice(0, -4))) await succeeds(() => this.#storage.remove(name));
    }
    const all = [...entries.values()].sort((a, b) => a.sequence - b.sequence);
    return { waiting: all.filter(({ id }) => !gone.has(id)), gone: all.filter(({ id }) => gone.has(id)), damages };
  }

  async #read(name: string, kind: EventClass, entries: Map<string, Entry>, damages: Damage[]): Promise<void> {
    const events = readFrames(await this.#storage.read(name));
    const acks = readFrames(await this.#storage.read(`${name}.ack`));
    const finished = new Set(acks.texts.flatMap((text) => text.split(" ")));
    let known = 0;
    for (const ack of finished) {
      if (ack.startsWith(counted) && finished.delete(ack)) known = Math.max(known, Number(ack.slice(1)));
    }
    const file = { ...newFile(name), acks: acks.texts.length + acks.damaged, sealed: true };
    for (const line of events.texts) {
      const space = line.indexOf(" ");
      const sequence = line.slice(0, space);
      const text = line.slice(space + 1);
      if (finished.delete(sequence)) continue;
      const { id, type } = JSON.parse(text) as { id: string; type: string };
      const twin = entries.get(id);
      // Written twice, since the first writing was thought to have failed.
      if (twin !== undefined) twin.ghost = file;
      const entry = twin ?? entryOf({ id, type, class: kind, sequence: Number(sequence), text, file });
      entries.set(id, entry);
      file.left.add(entry);
    }
    // What is left of `finished` was damaged when it no longer mattered.
    const total = events.damaged - finished.size;
    file.damaged = total > known;
    if (file.damaged) damages.push({ file, count: total - known, total });
    else if (file.left.size === 0) await succeeds(() => this.#remove(file));
  }

  /** Writes events of a class. Where it rejects, those that are stored have a `file`, and a part of the next may be there. */
  async append(kind: EventClass, entries: readonly Entry[]): Promise<void> {
    for (let from = 0; from < entries.length; ) {
      const file = this.#fileFor(kind);
      let text = "";
      let to = from;
      for (; to < entries.length && file.size + text.length < segmentSize; to++) {
        const entry = entries[to] as Entry;
        text += frameOf(file.frames + to - from, `${entry.sequence} ${entry.text}`);
      }
      const part = entries.slice(from, to);
      try {
        await this.#storage.append(file.name, text);
      } catch (error) {
        // Nothing is written behind a part.
        file.sealed = true;
        if (file.left.size > 0 || !(await succeeds(() => this.#remove(file))))
          for (const entry of part) entry.ghost = file;
        throw error;
      }
      file.size += text.length;
      file.frames += part.length;
      for (const entry of part) {
        entry.file = file;
        file.left.add(entry);
      }
      from = to;
    }
  }

  /** Forgets events that are finished. Gives those that are still there: they come back at the next start. */
  async forget(entries: readonly Entry[]): Promise<Entry[]> {
    const byFile = new Map<Segment, Entry[]>();
    for (const entry of entries) {
      for (const file of [entry.file, entry.ghost]) {
        if (file === undefined) continue;
        file.left.delete(entry);
        const mine = byFile.get(file);
        if (mine === undefined) byFile.set(file, [entry]);
        else mine.push(entry);
      }
    }
    const failed: Entry[] = [];
    for (const [file, mine] of byFile) {
      const sequences = mine.map(({ sequence }) => sequence).join(" ");
      const goes = file.left.size === 0 && !file.damaged;
      if (!(await succeeds(() => (goes ? this.#remove(file) : this.#acknowledge(file, sequences)))))
        failed.push(...mine);
    }
    return failed;
  }

  /** Notes that damage is counted, so that the next start does not count it again. */
  async settle({ file, total }: Damage): Promise<void> {
    file.damaged = false;
    await succeeds(() => (file.left.size === 0 ? this.#remove(file) : this.#acknowledge(file, `${counted}${total}`)));
  }

  /** Removes all events. */
  async clear(): Promise<void> {
    this.#open.clear();
    for (const name of await this.#storage.list()) if (fileName.test(name)) await this.#storage.remove(name);
  }

  #fileFor(kind: EventClass): Segment {
    const last = this.#open.get(kind);
    if (last !== undefined && !last.sealed && last.size < segmentSize) return last;
    const name = `${kind[0]}${this.#nextFile++}`;
    const file = newFile(name);
    this.#open.set(kind, file);
    return file;
  }

  /** The newline separates it from what a kill may have cut off. */
  #acknowledge(file: Segment, text: string): Promise<void> {
    return this.#storage.append(`${file.name}.ack`, `\n${frameOf(file.acks++, text)}`);
  }

  async #remove(file: Segment): Promise<void> {
    file.sealed = true;
    await this.#storage.remove(file.name);
    await this.#storage.remove(`${file.name}.ack`);
  }
}

function newFile(name: string): Segment {
  return { name, size: 0, frames: 0, left: new Set(), acks: 0, sealed: false, damaged: false };
}
