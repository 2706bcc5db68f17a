import { encodeHeaders } from "./encode-record.ts";
import { readVarInt } from "./record-format.ts";
import type { KafkaRecord } from "./records.ts";

/**
 * Finds some headers of a record where they lie, without an object for each: of one record after the other, over the same instance.
 * A name that comes several times counts the first time; one whose content is null is absent.
 */
export class HeaderReader {
  /** Where {@link starts} point into. */
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** By the place of the name in the list that was given. */
  readonly starts: Int32Array;
  /** Bytes of the content, or -1 where the header is absent. */
  readonly sizes: Int32Array;
  readonly #names: readonly Buffer[];
  /** Which name stood at which place of the last record: that of the next are mostly in the same order. */
  readonly #order: number[] = [];

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name));
    this.starts = new Int32Array(names.length);
    this.sizes = new Int32Array(names.length);
  }

  open(record: Pick<KafkaRecord, "headers" | "rawHeaders">): void {
    this.bytes = (record.rawHeaders ?? encodeHeaders(record.headers)).bytes;
    this.at = 0;
    this.sizes.fill(-1);
    const count = readVarInt(this);
    for (let i = 0; i < count; i++) {
      const nameSize = readVarInt(this);
      const name = this.#nameAt(this.at, nameSize, i);
      this.at += nameSize;
      const size = readVarInt(this);
      if (size < 0) continue;
      if (name >= 0 && this.sizes[name] === -1) {
        this.starts[name] = this.at;
        this.sizes[name] = size;
      }
      this.at += size;
    }
  }

  /** The content as text; undefined where the header is absent. */
  text(name: number): string | undefined {
    const size = this.sizes[name] as number;
    const start = this.starts[name] as number;
    return size < 0 ? undefined : this.bytes.toString("utf8", start, start + size);
  }

  #nameAt(start: number, size: number, place: number): number {
    const before = this.#order[place];
    if (before !== undefined && this.#is(before, start, size)) return before;
    const found = this.#names.findIndex((_, name) => this.#is(name, start, size));
    if (found >= 0 && place < 64) this.#order[place] = found;
    return found;
  }

  #is(name: number, start: number, size: number): boolean {
    const wanted = this.#names[name] as Buffer;
    if (wanted.length !== size) return false;
    // From the end: names that begin alike differ there.
    for (let i = size - 1; i >= 0; i--) if (this.bytes[start + i] !== wanted[i]) return false;
    return true;
  }
}
