import { randomFillSync } from "node:crypto";

/** What is kept of an event: four words of its id, then two of its content; see event-words.ts. */
export const wordsPerId = 6;

/**
 * Words of one group of the index: a head, then up to 15 ids. One line of the processor's cache. The head is how many ids lie in the group,
 * plus 16 for each id that found it full and had to go further.
 */
const groupWords = 16;
/** Ids to a group when the window is full: the fewer, the more memory; the more, the more ids that find their group full. */
const idsPerGroup = 9;
/** An id that finds this many groups full is not remembered. By chance it never happens; ids chosen to collide gain nothing by it. */
const maxGroups = 64;

/**
 * The last `capacity` events that were added, in the order of adding; when it is full, the oldest makes room. Everything lies in two
 * fixed arrays of numbers, some {@link bytesPerId} bytes an event, so neither the size of the window nor its age is seen by the garbage
 * collector. A position counts all events ever added and is never used again.
 *
 * The index is a hash table after the design of F14 (github.com/facebook/folly): each group counts the ids that had to go further, so
 * an id can be taken out without leaving a mark that slows later searches. Its numbers are mixed with secrets of this process, as ids
 * come from outside.
 */
export class IdWindow {
  readonly capacity: number;
  /** The ring of events, to be read only. */
  readonly events: Uint32Array;
  readonly #index: Uint32Array;
  readonly #groups: number;
  readonly #slotMask: number;
  readonly #secret1: number;
  readonly #secret2: number;
  readonly #secret3: number;
  readonly #secret4: number;
  /** What {@link touch} read: of no use, but what nobody can use is not read. */
  touched = 0;
  #group = 0;
  #tag = 0;
  #size = 0;
  #head = 0;
  #tail = 0;

  /** @param capacity 1 to 16,000,000 */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.events = new Uint32Array(capacity * wordsPerId);
    this.#groups = Math.ceil(capacity / idsPerGroup);
    // glibc puts 16 bytes in front of a large allocation: so shifted, a group is one line of the cache and not parts of two.
    this.#index = new Uint32Array(this.#groups * groupWords + 12).subarray(12);
    // An entry of the index is the slot plus one, and in what is left of its 32 bits a part of the id, which spares most comparisons.
    this.#slotMask = 2 ** (32 - Math.clz32(capacity)) - 1;
    const [secret1 = 0, secret2 = 0, secret3 = 0, secret4 = 0] = randomFillSync(new Int32Array(4));
    this.#secret1 = secret1;
    this.#secret2 = secret2;
    // Odd, as an even factor loses a bit.
    this.#secret3 = secret3 | 1;
    this.#secret4 = secret4 | 1;
  }

  /** How many events are remembered. */
  get size(): number {
    return this.#size;
  }

  /** The position that the next event gets. */
  get head(): number {
    return this.#head;
  }

  /** The position of the oldest event. */
  get tail(): number {
    return this.#tail;
  }

  /** The position of the event whose id stands in `words` from `at` on, or -1. */
  find(words: Uint32Array, at = 0): number {
    this.#aimAt(words, at);
    return this.#search(words, at);
  }

  /**
   * The position of the event whose id stands in `words` from `at` on; -1 when it was not there: it now is, at the position before
   * {@link head}.
   */
  findOrAdd(words: Uint32Array, at = 0): number {
    this.#aimAt(words, at);
    const found = this.#search(words, at);
    if (found >= 0) return found;
    if (this.#head - this.#tail === this.capacity) {
      this.#forgetOldest();
      this.#aimAt(words, at);
    }
    const slot = this.#head++ % this.capacity;
    const events = this.events;
    const to = slot * wordsPerId;
    for (let word = 0; word < wordsPerId; word++) events[to + word] = words[at + word] as number;
    this.#insert(slot);
    return -1;
  }

  /**
   * Reads the memory that {@link findOrAdd} of the first `count` events will need, for those events and for the oldest, which they push
   * out. One after the other each of them would wait for memory twice; read together the waits overlap, which halves the time.
   */
  touch(words: Uint32Array, count: number): void {
    const index = this.#index;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      this.#aimAt(words, i * wordsPerId);
      sum += index[this.#group * groupWords] as number;
    }
    const pushedOut = Math.min(count, this.#head + count - this.#tail - this.capacity);
    let slot = this.#tail % this.capacity;
    for (let i = 0; i < pushedOut; i++) {
      this.#aimAt(this.events, slot * wordsPerId);
      sum += index[this.#group * groupWords] as number;
      slot = slot + 1 === this.capacity ? 0 : slot + 1;
    }
    this.touched = sum;
  }

  /** Forgets one event; its position stays empty. */
  remove(position: number): void {
    if (position >= this.#tail) this.#takeOut(position % this.capacity);
  }

  /** Forgets up to `most` events before `position`, the oldest first. */
  forgetBefore(position: number, most: number): void {
    for (let i = 0; i < most && this.#tail < position; i++) this.#forgetOldest();
  }

  /** Where the words of an event that is remembered begin in {@link events}. */
  offsetOf(position: number): number {
    return (position % this.capacity) * wordsPerId;
  }

  /** One word of an event that is remembered: 4 and 5 are those of its content. */
  wordAt(position: number, word: number): number {
    return this.events[this.offsetOf(position) + word] as number;
  }

  #forgetOldest(): void {
    this.#takeOut(this.#tail % this.capacity);
    this.#tail++;
  }

  /** Finds out where in the index an id belongs: its group, and the part of it that its entry holds. */
  #aimAt(words: Uint32Array, at: number): void {
    let mixed = Math.imul((words[at] as number) ^ this.#secret1, 0x85ebca6b);
    mixed ^= Math.imul((words[at + 1] as number) ^ this.#secret2, 0xc2b2ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ (words[at + 2] as number), this.#secret3);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ (words[at + 3] as number), this.#secret4);
    mixed ^= mixed >>> 16;
    this.#group = Math.floor(((mixed >>> 0) * this.#groups) / 4_294_967_296);
    this.#tag = Math.imul(mixed, 0x9e3779b1) & ~this.#slotMask;
  }

  #search(words: Uint32Array, at: number): number {
    const index = this.#index;
    const slotMask = this.#slotMask;
    const tag = this.#tag;
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      const head = index[first] as number;
      const last = first + (head & 15);
      for (let i = first + 1; i <= last; i++) {
        const entry = index[i] as number;
        if ((entry & ~slotMask) !== tag) continue;
        const slot = (entry & slotMask) - 1;
        if (this.#holds(slot, words, at)) return this.#positionOf(slot);
      }
      if (head < 16) return -1;
      first = this.#next(first);
    }
    return -1;
  }

  #holds(slot: number, words: Uint32Array, at: number): boolean {
    const events = this.events;
    const own = slot * wordsPerId;
    return (
      events[own] === words[at] &&
      events[own + 1] === words[at + 1] &&
      events[own + 2] === words[at + 2] &&
      events[own + 3] === words[at + 3]
    );
  }

  #positionOf(slot: number): number {
    const headSlot = this.#head % this.capacity;
    return this.#head - headSlot + slot - (slot < headSlot ? 0 : this.capacity);
  }

  /** Where the group behind the one that begins at `first` begins. */
  #next(first: number): number {
    return first + groupWords === this.#index.length ? 0 : first + groupWords;
  }

  #insert(slot: number): void {
    const index = this.#index;
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      const head = index[first] as number;
      if ((head & 15) < 15) {
        index[first] = head + 1;
        index[first + (head & 15) + 1] = this.#tag | (slot + 1);
        this.#size++;
        // Only now is it sure that the id found room, and so which groups it had to pass.
        if (step > 0) this.#countPassing(step, 16);
        return;
      }
      first = this.#next(first);
    }
  }

  #takeOut(slot: number): void {
    this.#aimAt(this.events, slot * wordsPerId);
    const index = this.#index;
    const wanted = (this.#tag | (slot + 1)) >>> 0;
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      const head = index[first] as number;
      const last = first + (head & 15);
      for (let at = first + 1; at <= last; at++) {
        if (index[at] !== wanted) continue;
        // The last one takes the place.
        index[at] = index[last] as number;
        index[first] = head - 1;
        this.#size--;
        if (step > 0) this.#countPassing(step, -16);
        return;
      }
      if (head < 16) return;
      first = this.#next(first);
    }
  }

  /** Counts an id in the heads of the `groups` groups that it had to pass, from its own on. */
  #countPassing(groups: number, by: 16 | -16): void {
    let first = this.#group * groupWords;
    for (let i = 0; i < groups; i++) {
      this.#index[first] = (this.#index[first] as number) + by;
      first = this.#next(first);
    }
  }
}

/** What an event of the window costs: its words in the ring and its share of the index. */
export const bytesPerId = wordsPerId * 4 + (groupWords * 4) / idsPerGroup;
