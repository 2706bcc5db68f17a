import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { headOf, newSalt, stampFrames } from "./frames.ts";
import { type Segment, segmentPath, syncDirectory } from "./segment.ts";

/** What is asked of a segment file while it is written. */
export type SegmentFile = Pick<FileHandle, "write" | "datasync" | "truncate" | "close">;

export type GroupWriterParts = {
  readonly dir: string;
  /** Segments are about this large; a group is never split over two. */
  readonly segmentBytes: number;
  /** Sequence of the next frame. */
  readonly next: number;
  /** Number of the next segment. */
  readonly number: number;
  readonly now: () => number;
  /** Hears of a new segment when its first group is on the disk, before that is told; */
  onSegment(segment: Segment): void;
  /** of each group of frames that is on the disk, */
  onGroup(frames: number, seconds: number): void;
  /** and of each write that the disk refused. */
  onFailure(error: unknown): void;
  /** For tests that need a disk that refuses. */
  openFile?(path: string): Promise<SegmentFile>;
};

export type GroupWriter = {
  /** Resolves when the frames are on the disk; rejects with the error of the file system. In the order of the calls. */
  write(frames: Buffer, count: number): Promise<void>;
  /** Frames that were given to `write` and are not on the disk yet. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Whether further frames may go into this segment. */
  isOpen(segment: Segment): boolean;
  /** Ends the segment under way if there is one and nothing is being written: the next frame begins another. */
  seal(): Promise<void>;
  close(): Promise<void>;
};

type Waiting = {
  readonly frames: Buffer;
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/** One write, and so one answer of the disk, carries at most this much. */
const maxGroupBytes = 4 * 1024 * 1024;

/**
 * Writes frames in groups: while one group is forced to the disk (fdatasync), further calls collect and share the next one. So the disk is
 * asked as often as it can answer, and each answer serves everyone who waits.
 */
export function createGroupWriter(parts: GroupWriterParts): GroupWriter {
  const openFile = parts.openFile ?? ((path: string) => open(path, "ax", 0o600));
  let next = parts.next;
  let number = parts.number;
  let queue: Waiting[] = [];
  let waiting = 0;
  let waitingBytes = 0;
  let running: Promise<void> | undefined;
  /** Sequences of frames that the disk refused: never used again, since nobody knows whether they are on it. */
  let voided = 0;
  let current: { readonly segment: Segment; readonly file: SegmentFile } | undefined;

  async function run(): Promise<void> {
    // Calls of the same moment share the group.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const group = takeGroup();
      const begin = performance.now();
      const error = await writeGroup(group).catch((failure: unknown) => failure ?? new Error("the disk refused"));
      let frames = 0;
      for (const one of group) {
        frames += one.count;
        waitingBytes -= one.frames.length;
      }
      waiting -= frames;
      if (error === undefined) parts.onGroup(frames, (performance.now() - begin) / 1_000);
      else parts.onFailure(error);
      for (const one of group) error === undefined ? one.resolve() : one.reject(error);
    }
    running = undefined;
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < queue.length) {
      bytes += (queue[count] as Waiting).frames.length;
      if (count > 0 && bytes > maxGroupBytes) break;
      count++;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    return group;
  }

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(group.map(({ frames }) => frames));
    if (current !== undefined && current.segment.bytes + bytes.length > parts.segmentBytes) await seal();
    current ??= await begin();
    const { segment, file } = current;
    const isFirst = segment.bytes === 0;
    const end = stampFrames(bytes, segment.salt, next, parts.now());
    const all = isFirst ? Buffer.concat([headOf(segment), bytes]) : bytes;
    try {
      let written = 0;
      while (written < all.length) {
        written += (await file.write(all, written, all.length - written, segment.bytes + written)).bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      await abandon(end - next);
      next = end;
      throw error;
    }
    segment.bytes += all.length;
    segment.end = end;
    next = end;
    if (!isFirst) return;
    voided = 0;
    parts.onSegment(segment);
  }

  /** After a failed fsync nobody knows what is on the disk: nothing may stand behind it. */
  async function abandon(frames: number): Promise<void> {
    voided += frames;
    const { segment, file } = current as NonNullable<typeof current>;
    current = undefined;
    await file.truncate(segment.bytes).catch(() => undefined);
    await file.close().catch(() => undefined);
    if (segment.bytes === 0) await rm(segment.path, { force: true }).catch(() => undefined);
  }

  async function begin() {
    const path = segmentPath(parts.dir, number);
    const file = await openFile(path);
    const segment: Segment = { number, path, salt: newSalt(), voided, bytes: 0, end: next, damages: new Set() };
    number++;
    try {
      await syncDirectory(dirname(path));
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    return { segment, file };
  }

  async function seal(): Promise<void> {
    const file = current?.file;
    current = undefined;
    await file?.close();
  }

  return {
    write(frames, count) {
      waiting += count;
      waitingBytes += frames.length;
      return new Promise((resolve, reject) => {
        queue.push({ frames, count, resolve, reject });
        running ??= run();
      });
    },
    get waiting() {
      return waiting;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    isOpen: (segment) => segment === current?.segment,
    seal: async () => {
      if (running === undefined) await seal();
    },
    async close() {
      await running;
      await seal();
    },
  };
}
