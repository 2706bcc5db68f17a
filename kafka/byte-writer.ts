import { EncodedRecord } from "./encode-record.ts";

/**
 * What kafkajs builds requests with copies the whole content at each of eight layers, into zeroed buffers of the next power of
 * two. This class keeps large pieces as they are and joins them when the bytes are asked for. What is written is the same:
 * test/kafka/byte-writer.test.ts compares.
 */
export declare class ByteWriter {
  constructor(initialSize?: number);
  buf: Buffer;
  offset: number;
  get buffer(): Buffer;
  size(): number;
  ensureAvailable(length: number): void;
  writeBufferInternal(bytes: Buffer): void;
  writeEncoder(other: ByteWriter): this;
  writeEncoderArray(others: readonly { readonly buffer: Buffer }[]): this;
}

type ByteWriterClass = typeof ByteWriter;

/** Below this, copying is cheaper than keeping a piece. */
const pieceBytes = 2_048;
/** The head of a record batch takes 61. A piece of node's pool, as all buffers of up to 4 KiB. */
const usualBytes = 128;

/** Derives the class from kafkajs's own, whose methods for single values stay. */
export function createByteWriterClass(Original: ByteWriterClass): ByteWriterClass {
  return class JoiningWriter extends Original {
    /** Finished pieces, in order; then comes `buf` from `#from` to `offset`. */
    #pieces: Buffer[] = [];
    #pieceBytes = 0;
    #from = 0;

    constructor(initialSize = usualBytes) {
      // kafkajs's own buffer would be cleared memory from the system, and there are forty writers to a request.
      super(0);
      this.buf = Buffer.allocUnsafe(initialSize);
    }

    override ensureAvailable(length: number): void {
      if (this.offset + length <= this.buf.length) return;
      const held = this.offset - this.#from;
      const larger = Buffer.allocUnsafe(Math.max(2 * held, held + length, 512));
      this.buf.copy(larger, 0, this.#from, this.offset);
      this.buf = larger;
      this.offset = held;
      this.#from = 0;
    }

    override writeBufferInternal(bytes: Buffer): void {
      if (bytes.length >= pieceBytes) {
        this.#add(bytes);
        return;
      }
      this.ensureAvailable(bytes.length);
      this.buf.set(bytes, this.offset);
      this.offset += bytes.length;
    }

    override writeEncoder(other: ByteWriter): this {
      if (!(other instanceof JoiningWriter)) super.writeEncoder(other);
      else if (other.size() < pieceBytes) this.writeBufferInternal(other.buffer);
      else {
        other.#finishPiece();
        for (const piece of other.#pieces) this.#add(piece);
      }
      return this;
    }

    override writeEncoderArray(others: readonly { readonly buffer: Buffer }[]): this {
      // The thousands of records of a batch: neighbours are copied together.
      let from = 0;
      while (from < others.length) {
        const first = others[from];
        if (!(first instanceof EncodedRecord)) {
          this.writeBufferInternal((first as { readonly buffer: Buffer }).buffer);
          from++;
          continue;
        }
        let { end } = first;
        let to = from + 1;
        for (; to < others.length; to++) {
          const next = others[to];
          if (!(next instanceof EncodedRecord) || next.slab !== first.slab || next.start !== end) break;
          end = next.end;
        }
        this.writeBufferInternal(first.slab.subarray(first.start, end));
        from = to;
      }
      return this;
    }

    override size(): number {
      return this.#pieceBytes + this.offset - this.#from;
    }

    override get buffer(): Buffer {
      if (this.#pieces.length === 0) return this.buf.subarray(this.#from, this.offset);
      this.#finishPiece();
      if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces, this.#pieceBytes)];
      return this.#pieces[0] as Buffer;
    }

    #add(piece: Buffer): void {
      this.#finishPiece();
      this.#pieces.push(piece);
      this.#pieceBytes += piece.length;
    }

    #finishPiece(): void {
      if (this.offset === this.#from) return;
      const piece = this.buf.subarray(this.#from, this.offset);
      this.#from = this.offset;
      this.#pieces.push(piece);
      this.#pieceBytes += piece.length;
    }
  };
}
