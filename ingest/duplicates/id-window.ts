import { randomFillSync } from "node:crypto";

/** What is kept of an event: four words of its id, then two of its content; see event-words.ts. */
export const wordsPerId = 6;

/**
 * Words of one group of the index: a head, then up to 15 entries. One line of the processor's cache. The head is one more than the lap
 * in which an id last found the group full and went to the next; 0 for never.
 */
const groupWords = 16;
/** Ids to a group when the window is full: the fewer, the more memory; the more, the more ids that find their group full. */
const idsPerGroup = 9;
/** An id that finds this many groups full is not remembered. By chance it never happens; ids chosen to collide gain nothing by it. */
const maxGroups = 64;
const lapBits = 2;

/** What an event of the window costs: its words in the ring and its share of the index. */
export const bytesPerId = wordsPerId * 4 + (groupWords * 4) / idsPerGroup;

/**
 * The last `capacity` events that were added, in the order of adding; when it is full, the oldest makes room. Everything lies in two
 * fixed arrays of numbers, {@link bytesPerId} bytes an event, so neither the size of the window nor its age is seen by the garbage
 * collector. A position counts all events ever added and is never used again.
 *
 * The events lie in a ring, found by a hash table of their slots. Nothing is done when an event is pushed out: each entry of the table
 * holds two bits of the lap (how often the ring has been round) in which it was made, by which it is known to be outdated; the next id that
 * needs room takes its place. So an id costs one wait for memory and not two. An entry that is four laps old looks like a new one, which
 * takes room but misleads nobody, as the words in the ring decide. The hash is mixed with secrets of this process, as ids come from outside.
 */
export class IdWindow {
  readonly capacity: number;
  /** The ring of events, to be read only. */
  readonly events: Uint32Array;
  readonly #index: Uint32Array;
  readonly #groups: number;
  readonly #slotBits: number;
  readonly #slotMask: number;
  readonly #tagMask: number;
  readonly #secret1: number;
  readonly #secret2: number;
  readonly #secret3: number;
  readonly #secret4: number;
  /** What {@link touch} read: of no use, but what nobody can use is not read. */
  touched = 0;
  /** The group and the tag of the id that was aimed at last. */
  #group = 0;
  #tag = 0;
  /** The next position is slot `#headSlot` of lap `#lap`, which began with position `#lapStart`. */
  #headSlot = 0;
  #lap = 0;
  #lapStart = 0;
  #tail = 0;

  /** @param capacity 1 to 16,000,000 */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.events = new Uint32Array(capacity * wordsPerId);
    this.#groups = Math.ceil(capacity / idsPerGroup);
    // glibc puts 16 bytes in front of a large allocation: so shifted, a group is one line of the cache and not parts of two.
    this.#index = new Uint32Array(this.#groups * groupWords + 12).subarray(12);
    // An entry is the slot plus one, the lap, and in what is left of its 32 bits a part of the id, which spares most comparisons.
    this.#slotBits = 32 - Math.clz32(capacity);
    this.#slotMask = 2 ** this.#slotBits - 1;
    this.#tagMask = ~(2 ** (this.#slotBits + lapBits) - 1);
    const [secret1 = 0, secret2 = 0, secret3 = 0, secret4 = 0] = randomFillSync(new Int32Array(4));
    this.#secret1 = secret1;
    this.#secret2 = secret2;
    // Odd, as an even factor loses a bit.
    this.#secret3 = secret3 | 1;
    this.#secret4 = secret4 | 1;
  }

  /** How many events are in the window, those taken out with {@link remove} included. */
  get size(): number {
    return this.head - this.#tail;
  }

  /** The position that the next event gets. */
  get head(): number {
    return this.#lapStart + this.#headSlot;
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
    const slot = this.#headSlot;
    const events = this.events;
    const to = slot * wordsPerId;
    for (let word = 0; word < wordsPerId; word++) events[to + word] = words[at + word] as number;
    const lap = this.#lap;
    this.#headSlot++;
    if (this.#headSlot === this.capacity) {
      this.#headSlot = 0;
      this.#lap++;
      this.#lapStart += this.capacity;
    }
    if (this.#tail < this.head - this.capacity) this.#tail = this.head - this.capacity;
    this.#insert(slot, lap);
    return -1;
  }

  /**
   * Reads the memory that {@link findOrAdd} will need of the first `count` events in `words`. One after the other each of them would wait
   * for it; read together the waits overlap.
   */
  touch(words: Uint32Array, count: number): void {
    const index = this.#index;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      this.#aimAt(words, i * wordsPerId);
      sum += index[this.#group * groupWords] as number;
    }
    this.touched = sum;
  }

  /** Takes one event out; its position stays empty. */
  remove(position: number): void {
    if (position < this.#tail || position >= this.head) return;
    const slot = this.#slotOf(position);
    this.#aimAt(this.events, slot * wordsPerId);
    const wanted = this.#entryOf(slot, position < this.#lapStart ? this.#lap - 1 : this.#lap) >>> 0;
    const index = this.#index;
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      // All that look like it: one may be left of four laps ago, and stand for the same position.
      for (let i = first + 1; i < first + groupWords; i++) if (index[i] === wanted) index[i] = 0;
      if (this.#isLast(first)) return;
      first = this.#next(first);
    }
  }

  /** Forgets all events before `position`. */
  forgetBefore(position: number): void {
    if (position > this.#tail) this.#tail = Math.min(position, this.head);
  }

  /** Where the words of an event of the window begin in {@link events}. */
  offsetOf(position: number): number {
    return this.#slotOf(position) * wordsPerId;
  }

  /** One word of an event of the window: 4 and 5 are those of its content. */
  wordAt(position: number, word: number): number {
    return this.events[this.offsetOf(position) + word] as number;
  }

  #slotOf(position: number): number {
    const slot = position - this.#lapStart;
    return slot < 0 ? slot + this.capacity : slot;
  }

  /** Finds out where in the index an id belongs: its group, and the part of it that its entry holds. */
  #aimAt(words: Uint32Array, at: number): void {
    let mixed = Math.imul((words[at] as number) ^ this.#secret1, 0x85ebca6b);
    mixed ^= Math.imul((words[at + 1] as number) ^ this.#secret2, 0xc2b2ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ (words[at + 2] as number), this.#secret3);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ (words[at + 3] as number), this.#secret4);
    mixed ^= mixed >>> 16;
    this.#group = Math.floor(((mixed >>> 0) * this.#groups) / 4_294_967_296);
    this.#tag = Math.imul(mixed, 0x9e3779b1) & this.#tagMask;
  }

  #entryOf(slot: number, lap: number): number {
    return this.#tag | ((lap & (2 ** lapBits - 1)) << this.#slotBits) | (slot + 1);
  }

  #search(words: Uint32Array, at: number): number {
    const index = this.#index;
    const tagMask = this.#tagMask;
    const tag = this.#tag;
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      for (let i = first + 1; i < first + groupWords; i++) {
        const entry = index[i] as number;
        if ((entry & tagMask) !== tag || entry === 0) continue;
        const position = this.#positionOf(entry);
        if (position >= 0 && this.#holds(position, words, at)) return position;
      }
      if (this.#isLast(first)) return -1;
      first = this.#next(first);
    }
    return -1;
  }

  /** The position that an entry stands for; -1 when it is outdated. */
  #positionOf(entry: number): number {
    const slot = (entry & this.#slotMask) - 1;
    const isThisLap = slot < this.#headSlot;
    const lap = isThisLap ? this.#lap : this.#lap - 1;
    if (((entry >>> this.#slotBits) & (2 ** lapBits - 1)) !== (lap & (2 ** lapBits - 1))) return -1;
    const position = this.#lapStart + slot - (isThisLap ? 0 : this.capacity);
    return position >= this.#tail ? position : -1;
  }

  #holds(position: number, words: Uint32Array, at: number): boolean {
    const events = this.events;
    const own = this.offsetOf(position);
    return (
      events[own] === words[at] &&
      events[own + 1] === words[at + 1] &&
      events[own + 2] === words[at + 2] &&
      events[own + 3] === words[at + 3]
    );
  }

  /** Whether no event of the window had to pass the group that begins at `first`: who did two laps ago was pushed out since. */
  #isLast(first: number): boolean {
    const wentFurther = this.#index[first] as number;
    return wentFurther === 0 || wentFurther < this.#lap;
  }

  /** Where the group behind the one that begins at `first` begins. */
  #next(first: number): number {
    return first + groupWords === this.#index.length ? 0 : first + groupWords;
  }

  #insert(slot: number, lap: number): void {
    const index = this.#index;
    const entry = this.#entryOf(slot, lap);
    let first = this.#group * groupWords;
    for (let step = 0; step < maxGroups; step++) {
      for (let i = first + 1; i < first + groupWords; i++) {
        const other = index[i] as number;
        if (other !== 0 && this.#positionOf(other) >= 0) continue;
        index[i] = entry;
        return;
      }
      index[first] = lap + 1;
      first = this.#next(first);
    }
  }
}
