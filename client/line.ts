import type { Entry } from "./event.ts";

/** Entries in order; those that are done are skipped, and forgotten once they are at the front. */
export class Line {
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
