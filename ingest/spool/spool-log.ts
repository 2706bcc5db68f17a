import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { type Logger, messageOf, PipelineError } from "../../runtime/index.ts";
import { type BatchLimits, createCursor, type SpoolBatch } from "./cursor.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { encodeFrames, headBytes, maxPayloadBytes } from "./frames.ts";
import { createGroupWriter, type SegmentFile } from "./group-writer.ts";
import { removePosition, writePosition } from "./position.ts";
import { mostBytesOf } from "./record-bytes.ts";
import { recover } from "./recover.ts";
import { type Segment, syncDirectory } from "./segment.ts";
import type { SpoolMetrics } from "./spool-metrics.ts";
import { createSpoolReports } from "./spool-reports.ts";

export type SpoolLogParts = {
  /** Made when missing; locked for this process. */
  readonly dir: string;
  /** Files and what waits to be written stay below this. */
  readonly maxBytes: number;
  readonly metrics: SpoolMetrics;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly segmentBytes?: number;
  /** How long another process may still hold the directory. */
  readonly lockPatienceMs?: number;
  openFile?(path: string): Promise<SegmentFile>;
};

/** Records on the disk, in the order of the calls, until Kafka has them. One reader. */
export type SpoolLog = {
  /**
   * Resolves when all records are forced to the disk.
   * @throws PipelineError spool_full, spool_write_failed, kafka_record_too_large
   */
  append(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  /** The next records that were not read yet; undefined when there are none now. @throws PipelineError spool_unusable */
  read(limits: BatchLimits): Promise<SpoolBatch | undefined>;
  /** Kafka has everything up to the end of this batch: it is not read again by any process, and whole segments are deleted. */
  release(batch: SpoolBatch): Promise<void>;
  /** Records that Kafka does not have, with those that are being written. */
  readonly events: number;
  /** Whether there is something on the disk that `read` has not given. */
  readonly hasMore: boolean;
  /** Whether `read` has given everything, and nothing is being written. */
  readonly isReadToEnd: boolean;
  /** Of all files. */
  readonly bytes: number;
  /** Resolves when there is something to read, or when writing something failed. */
  whenReadable(): Promise<void>;
  /** Ends the waiting of `whenReadable`, also of later calls. */
  wake(): void;
  close(): Promise<void>;
  /** Closes it, and deletes its directory unless damaged files are kept there. */
  remove(): Promise<void>;
};

/** Of one write, so that a disk that hangs does not fill the memory. */
const maxWaitingBytes = 32 * 1024 * 1024;
/** Kafka takes a little less than a mebibyte in a request; an event that it refuses would stop everything behind it. */
const maxRecordBytes = Math.min(800_000, maxPayloadBytes);
const defaultSegmentBytes = 8 * 1024 * 1024;

/** Opens the spool in `dir` with what earlier processes left there. @throws PipelineError spool_unusable, spool_in_use */
export async function openSpoolLog(parts: SpoolLogParts): Promise<SpoolLog> {
  const { maxBytes, metrics, log, now } = parts;
  const dir = resolve(parts.dir);
  const reports = createSpoolReports(log, metrics);
  let lock: DirectoryLock | undefined;
  const recovered = await recoverOrExplain();
  const segments = [...recovered.segments];
  const cursor = createCursor(segments, recovered.position, reports);
  let onDisk = recovered.events;
  let wake: (() => void) | undefined;
  let isWoken = false;
  let isRefused = false;

  const writer = createGroupWriter({
    dir,
    segmentBytes: Math.min(parts.segmentBytes ?? defaultSegmentBytes, Math.ceil(maxBytes / 4)),
    next: recovered.next,
    number: (segments.at(-1)?.number ?? 0) + 1,
    now,
    onSegment: (segment) => void segments.push(segment),
    onGroup(frames, seconds) {
      onDisk += frames;
      if (isRefused) log.info({ dir }, "the spool is written again");
      isRefused = false;
      metrics.syncSeconds.observe(seconds);
      wake?.();
    },
    onFailure(error) {
      metrics.writeFailures.inc();
      if (!isRefused) log.error({ dir }, `the spool cannot be written: ${messageOf(error)}`);
      isRefused = true;
      wake?.();
    },
    ...(parts.openFile === undefined ? {} : { openFile: parts.openFile }),
  });
  if (recovered.events > 0) log.info({ dir, events: recovered.events }, "the spool holds events of an earlier run");

  async function recoverOrExplain() {
    try {
      const made = await mkdir(dir, { recursive: true, mode: 0o700 });
      // A directory that was made is on the disk when the one above it is.
      for (let at = dir; made !== undefined && at.length >= made.length; at = dirname(at)) {
        await syncDirectory(dirname(at));
      }
      lock = await lockDirectory(dir, parts.lockPatienceMs);
      const found = await recover(dir, reports);
      // Whether the directory can be written is to be known now, and not in the outage.
      await writePosition(dir, found.position);
      await syncDirectory(dir);
      return found;
    } catch (cause) {
      await lock?.release();
      if (cause instanceof PipelineError) throw cause;
      throw new PipelineError("spool_unusable", { cause, fields: { dir } });
    }
  }

  async function close(): Promise<void> {
    await writer.close();
    await lock?.release();
    lock = undefined;
  }

  const isReadToEnd = () => writer.waiting === 0 && !cursor.hasMore();
  const isDone = (segment: Segment, next: number) => segment.end <= next && !writer.isOpen(segment);

  /** What fails here costs disk space, or events that are sent once more, and never an event. */
  async function tryTo(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      log.warn({ dir }, `the spool cannot be tidied: ${messageOf(error)}`);
      return false;
    }
  }

  const bytes = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  function refuseWhenFull(size: number): void {
    const used = bytes() + writer.waitingBytes + headBytes;
    if (used + size <= maxBytes && writer.waitingBytes + size <= maxWaitingBytes) return;
    throw new PipelineError("spool_full", { fields: { bytes: used, limit: maxBytes } });
  }

  return {
    async append(topic, records) {
      if (records.length === 0) return;
      for (const record of records) {
        const most = mostBytesOf(topic, record);
        if (most <= maxRecordBytes) continue;
        throw new PipelineError("kafka_record_too_large", { fields: { topic, bytes: most, limit: maxRecordBytes } });
      }
      const frames = encodeFrames(topic, records);
      refuseWhenFull(frames.length);
      try {
        await writer.write(frames, records.length);
      } catch (cause) {
        throw new PipelineError("spool_write_failed", { cause, fields: { code: (cause as { code?: string }).code } });
      }
    },

    async read(limits) {
      try {
        return await cursor.read(limits);
      } catch (cause) {
        throw new PipelineError("spool_unusable", { cause, fields: { dir } });
      }
    },

    async release(batch) {
      // What is damaged is never given, so the count may have been too high.
      onDisk = isReadToEnd() ? 0 : Math.max(0, onDisk - batch.events);
      // Nothing is left: the segment under way would stay for nobody.
      if (isReadToEnd()) await tryTo(writer.seal);
      // First the position: a file without one would look as if its events were missing. A full disk may need the room of the files first.
      const hasPosition = await tryTo(() => writePosition(dir, batch.next));
      for (let first = segments[0]; first !== undefined && isDone(first, batch.next); first = segments[0]) {
        segments.shift();
        await tryTo(() => rm((first as Segment).path, { force: true }));
      }
      if (!hasPosition) await tryTo(() => writePosition(dir, batch.next));
    },

    get events() {
      return onDisk + writer.waiting;
    },
    get hasMore() {
      return cursor.hasMore();
    },
    get isReadToEnd() {
      return isReadToEnd();
    },
    get bytes() {
      return bytes() + writer.waitingBytes;
    },
    async whenReadable() {
      if (cursor.hasMore() || isWoken) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    },
    wake() {
      isWoken = true;
      wake?.();
    },
    close,
    async remove() {
      await close();
      await removePosition(dir);
      await rmdir(dir).catch(() => undefined);
    },
  };
}
