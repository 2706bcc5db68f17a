import type { DropReason } from "./event.ts";
import { frameOf, readFrames } from "./frames.ts";
import type { Storage } from "./ports.ts";
import { uuidv7 } from "./uuid.ts";

/** How many events of a type were given up for a reason; the type is null when it cannot be read any more. */
export type Drop = { readonly event_type: string | null; readonly reason: string; readonly count: number };

/** The data of an event that tells what was dropped: `app.events_dropped`. */
export type DropReport = { readonly client_id: string; readonly dropped: readonly Drop[] };

/** By reason and type. */
type Counts = Record<string, number>;

/** A report on its way: its event, and what it counts. */
export type Sealed = { readonly id: string; readonly text: string; readonly counts: Counts };

type Saved = {
  client: string;
  counts: Counts;
  sealed: readonly Sealed[];
  /** Ids of events that are counted, but may still be in the queue's files: so a kill between counts none twice. */
  gone: readonly string[];
};

const file = "dropped";
/** The type of events whose type cannot be told. */
export const unknown = "unknown";

/**
 * Counts of dropped events, kept over restarts until the server has them. A report is sealed on the storage before it is sent, with its id: after
 * a kill it is sent again as it was, and the server recognises it.
 */
export class Drops {
  readonly #storage: Storage;
  readonly #now: () => number;
  #saved: Saved;
  #dirty = false;
  #saving: Promise<void> = Promise.resolve();
  /** Since this client was created. */
  readonly total: Partial<Record<DropReason, number>> = {};

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
    this.#saved = { client: this.#newClient(), counts: {}, sealed: [], gone: [] };
  }

  /** Takes over what earlier runs counted; several files are those of browser tabs that are closed. */
  async load(): Promise<void> {
    const names = (await this.#storage.list()).filter((name) => name === file || name.endsWith(`/${file}`));
    for (const name of names) {
      const text = readFrames(await this.#storage.read(name)).texts[0];
      if (text === undefined) continue;
      const { client, counts, sealed, gone } = JSON.parse(text) as Saved;
      this.#saved.client = client;
      this.#saved.sealed = [...this.#saved.sealed, ...sealed];
      this.#saved.gone = [...this.#saved.gone, ...gone];
      this.#add(counts);
    }
    const others = names.filter((name) => name !== file);
    if (others.length === 0) return;
    this.#dirty = true;
    await this.save();
    for (const name of others) await this.#storage.remove(name);
  }

  /** Counts; a negative number takes back what was not written yet. */
  count(reason: DropReason, type: string, count: number): void {
    this.total[reason] = (this.total[reason] ?? 0) + count;
    this.#add({ [`${reason} ${type}`]: count });
    this.#dirty = true;
  }

  /** What earlier runs counted and may not have forgotten. */
  get gone(): ReadonlySet<string> {
    return new Set(this.#saved.gone);
  }

  /** Writes the counts when they changed, and in the same moment which events they concern that are still in the queue's files. */
  save(gone: readonly string[] = []): Promise<void> {
    if (gone.length > 0) {
      this.#saved.gone = gone;
      this.#dirty = true;
    }
    const save = async () => {
      if (!this.#dirty) return;
      this.#dirty = false;
      const text = JSON.stringify(this.#saved);
      try {
        // Twice, so that one of them is whole after damage.
        await this.#storage.write(file, frameOf(0, text) + frameOf(1, text));
      } catch (error) {
        this.#dirty = true;
        throw error;
      }
    };
    // One after another: of two at once the older could be the last.
    this.#saving = this.#saving.then(save, save);
    return this.#saving;
  }

  /** The report that is to be sent now, on the storage already: an earlier one that has not arrived, or one that `write` makes of all counts. */
  async seal(write: (id: string, report: DropReport) => string): Promise<Sealed | undefined> {
    const { client, counts, sealed } = this.#saved;
    const dropped = Object.entries(counts).map(([key, count]) => {
      const space = key.indexOf(" ");
      const type = key.slice(space + 1);
      return { event_type: type === unknown ? null : type, reason: key.slice(0, space), count };
    });
    if (sealed.length === 0 && dropped.length > 0) {
      const id = uuidv7(this.#now());
      const text = write(id, { client_id: client, dropped });
      this.#saved.counts = {};
      this.#saved.sealed = [{ id, text, counts }];
      this.#dirty = true;
    }
    await this.save();
    return this.#saved.sealed[0];
  }

  /** The report arrived, or was refused: then its counts count again. */
  settle(report: string, arrived: boolean): void {
    const { sealed } = this.#saved;
    this.#saved.sealed = sealed.filter(({ id }) => id !== report);
    if (!arrived) for (const one of sealed) if (one.id === report) this.#add(one.counts);
    this.#dirty = true;
  }

  /** Breaks the link to what this device reported before. */
  forgetDevice(): void {
    const { sealed } = this.#saved;
    this.#saved.client = this.#newClient();
    this.#saved.sealed = [];
    for (const one of sealed) this.#add(one.counts);
    this.#dirty = true;
  }

  #newClient(): string {
    return `cli_${uuidv7(this.#now())}`;
  }

  #add(counts: Counts): void {
    const sums = this.#saved.counts;
    for (const [key, count] of Object.entries(counts)) {
      // An app that makes up type names must not make a report that is too large.
      const fits = key in sums || (key.length <= 100 && Object.keys(sums).length < 200);
      const known = fits ? key : `${key.slice(0, key.indexOf(" "))} ${unknown}`;
      sums[known] = (sums[known] ?? 0) + count;
      if (sums[known] === 0) delete sums[known];
    }
  }
}
