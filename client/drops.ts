import { frameOf, readFrames } from "./frames.ts";
import type { Storage } from "./ports.ts";
import type { DropReason } from "./queue.ts";

/** How many events of a type were given up for a reason. */
export type Drop = { readonly reason: DropReason; readonly type: string; readonly count: number };

type Saved = { counts: Record<string, number>; sealed: { id: string; time: string; drops: Drop[] } | null };

const file = "dropped";

/**
 * Counts of dropped events, kept over restarts until they are reported. A report is sealed before it is queued, with its id: after a kill in
 * between it is queued again as it was, and the server recognises it.
 */
export class Drops {
  readonly #storage: Storage;
  #saved: Saved = { counts: {}, sealed: null };
  #dirty = false;
  /** Since this client was created. */
  readonly total: Partial<Record<DropReason, number>> = {};

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    const text = readFrames(await this.#storage.read(file)).texts[0];
    if (text === undefined) return;
    const { counts, sealed } = JSON.parse(text) as Saved;
    for (const [key, count] of Object.entries(counts)) this.#add(key, count);
    this.#saved.sealed ??= sealed;
  }

  count(reason: DropReason, type: string, count: number): void {
    this.total[reason] = (this.total[reason] ?? 0) + count;
    this.#add(`${reason} ${type}`, count);
    this.#dirty = true;
  }

  /** Writes the counts when they changed. */
  async save(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    try {
      await this.#storage.write(file, frameOf(0, JSON.stringify(this.#saved)));
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  /** What is to be reported now: an earlier report that may not have been queued, or a new one, sealed on the storage. */
  async seal(id: string, time: string): Promise<NonNullable<Saved["sealed"]> | undefined> {
    if (this.#saved.sealed === null) {
      const drops = Object.entries(this.#saved.counts).map(([key, count]) => {
        const space = key.indexOf(" ");
        return { reason: key.slice(0, space) as DropReason, type: key.slice(space + 1), count };
      });
      if (drops.length === 0) return undefined;
      this.#saved = { counts: {}, sealed: { id, time, drops } };
      this.#dirty = true;
    }
    await this.save();
    return this.#saved.sealed ?? undefined;
  }

  /** The sealed report is in the queue. */
  async reported(): Promise<void> {
    this.#saved.sealed = null;
    this.#dirty = true;
    await this.save();
  }

  #add(key: string, count: number): void {
    this.#saved.counts[key] = (this.#saved.counts[key] ?? 0) + count;
  }
}
