import { rename, writeFile } from "node:fs/promises";
import type { Logger } from "../../runtime/index.ts";
import type { Segment } from "./segment.ts";
import type { SpoolMetrics } from "./spool-metrics.ts";

/** Says what is wrong with the files of a spool: to the log, to the metrics, and by files that keep what cannot be read. */
export type SpoolReports = {
  /** The end of a segment is no whole frame: the mark of a process or a machine that stopped in the middle of writing. */
  torn(path: string, offset: number, bytes: number): void;
  /** Bytes that whole frames stand behind: they are kept in a file beside the segment. */
  damaged(segment: Pick<Segment, "path" | "salt">, offset: number, bytes: Buffer): Promise<void>;
  /** A file that cannot be read at all: it is kept under another name. @throws the error of the file system */
  unreadable(path: string, bytes: number): Promise<void>;
  /** Sequences that no frame has: events that were acknowledged and cannot be sent. */
  missing(path: string, from: number, to: number): void;
};

export function createSpoolReports(log: Logger, metrics: SpoolMetrics): SpoolReports {
  return {
    torn(file, offset, bytes) {
      metrics.tornTails.inc();
      metrics.tornBytes.inc(bytes);
      log.warn({ file, offset, bytes }, "a segment of the spool ends with an unfinished write, which is cut off");
    },
    async damaged({ path: file, salt }, offset, bytes) {
      metrics.damages.inc();
      // The salt tells segments apart that had the same number.
      const keptIn = `${file}.${salt.toString(16)}.at-${offset}.damaged`;
      log.error({ file, offset, bytes: bytes.length, keptIn }, "a segment of the spool is damaged; the rest is used");
      await writeFile(keptIn, bytes, { mode: 0o600 }).catch((err: unknown) =>
        log.error({ err, keptIn }, "the damaged bytes of the spool cannot be kept"),
      );
    },
    async unreadable(file, bytes) {
      metrics.damages.inc();
      const keptIn = `${file}.${Date.now()}.damaged`;
      log.error({ file, offset: 0, bytes, keptIn }, "a file of the spool is not a segment, or has lost its beginning");
      await rename(file, keptIn);
    },
    missing(file, from, to) {
      metrics.lostEvents.inc(to - from);
      log.error({ file, events: to - from, from, to: to - 1 }, "events are missing from the spool");
    },
  };
}
