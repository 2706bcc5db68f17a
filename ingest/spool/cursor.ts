import type { OutgoingRecord } from "../../kafka/index.ts";
import { frameHeadBytes, framesOf, headBytes, maxPayloadBytes } from "./frames.ts";
import { readRecord } from "./record-bytes.ts";
import { readRange, type Segment } from "./segment.ts";
import type { SpoolReports } from "./spool-reports.ts";

/** Records of the spool, in order, to be sent together. */
export type SpoolBatch = {
  /** By topic, the records of a topic in their order. */
  readonly topics: ReadonlyMap<string, readonly OutgoingRecord[]>;
  readonly events: number;
  /** When the first of them was written, milliseconds since 1970. */
  readonly oldest: number;
  /** Sequence behind the last of them. */
  readonly next: number;
};

export type BatchLimits = { readonly maxBytes: number; readonly maxEvents: number };

/** Reads frames segment after segment, each once; what is not whole is reported and passed over. */
export type Cursor = {
  /** The next frames; undefined when there are none now. @throws the error of the file system */
  read(limits: BatchLimits): Promise<SpoolBatch | undefined>;
  /** Whether `read` would have something to look at. */
  hasMore(): boolean;
};

/** At most this much of a file is in memory; more than a frame, so that one that begins in the first half is whole. */
const windowBytes = 2 * 1024 * 1024;
const maxFrameBytes = frameHeadBytes + maxPayloadBytes;

/**
 * @param segments those to read, in order; others may join at the end while it reads.
 * @param position sequence of the first frame that counts: what is before it is passed over.
 */
export function createCursor(segments: readonly Segment[], position: number, reports: SpoolReports): Cursor {
  let segment: Segment | undefined;
  /** How far the segment is read. */
  let offset = 0;
  /** A part of the segment that begins at `base`, and how far it is read. */
  let window: Buffer = Buffer.alloc(0);
  let base = 0;
  let expected = position;

  /** Whether there is something to read behind `offset`, in this segment or in a later one. */
  function advance(): boolean {
    for (;;) {
      if (segment !== undefined && offset < segment.bytes) return true;
      const after = segment?.number ?? -1;
      const following = segments.find(({ number }) => number > after);
      if (following === undefined) return false;
      segment = following;
      offset = headBytes;
      window = Buffer.alloc(0);
      base = offset;
    }
  }

  async function fill(from: Segment): Promise<void> {
    if (offset - base < window.length) return;
    base = offset;
    window = await readRange(from.path, base, Math.min(from.bytes, base + windowBytes));
  }

  function check(sequence: number, { path, voided }: Segment, isFirst: boolean): boolean {
    if (sequence < expected) return sequence >= position;
    const missing = sequence - expected - (isFirst ? voided : 0);
    if (missing > 0) reports.missing(path, sequence - missing, sequence);
    expected = sequence + 1;
    return true;
  }

  return {
    hasMore: advance,
    async read(limits) {
      const topics = new Map<string, OutgoingRecord[]>();
      let events = 0;
      let bytes = 0;
      let oldest = 0;
      while (advance() && segment !== undefined) {
        try {
          await fill(segment);
        } catch (error) {
          // What was read before is not to be lost with it: the next call meets the error again.
          if (events === 0) throw error;
          break;
        }
        const isWhole = base + window.length >= segment.bytes;
        for (const found of framesOf(window, segment.salt, offset - base)) {
          if (found.kind === "damage") {
            // The last frame of a window may go on in the next one.
            if (!found.torn || isWhole) await pass(segment, found.from, found.to);
            else if (found.from === 0) await pass(segment, 0, windowBytes - maxFrameBytes);
            continue;
          }
          if (events > 0 && (events >= limits.maxEvents || bytes + found.to - found.from > limits.maxBytes)) {
            return { topics, events, oldest, next: expected };
          }
          const isFirst = offset === headBytes;
          offset = base + found.to;
          if (!check(found.sequence, segment, isFirst)) continue;
          const { topic, record } = readRecord(found.payload);
          const records = topics.get(topic);
          if (records === undefined) topics.set(topic, [record]);
          else records.push(record);
          bytes += found.to - found.from;
          if (events++ === 0) oldest = found.time;
        }
        if (!isWhole) window = Buffer.alloc(0);
      }
      return events === 0 ? undefined : { topics, events, oldest, next: expected };
    },
  };

  async function pass(from: Segment, start: number, end: number): Promise<void> {
    offset = base + end;
    if (from.damages.has(base + start)) return;
    from.damages.add(base + start);
    await reports.damaged(from, base + start, window.subarray(start, end));
  }
}
