import { readFile, rm, truncate } from "node:fs/promises";
import { framesOf, headBytes, readHead } from "./frames.ts";
import { readPosition } from "./position.ts";
import { type Segment, segmentNumbers, segmentPath } from "./segment.ts";
import type { SpoolReports } from "./spool-reports.ts";

/** What earlier processes left in the directory of a spool. */
export type Recovered = {
  readonly segments: readonly Segment[];
  /** Sequence of the first frame that Kafka does not have. */
  readonly position: number;
  /** The sequence of the next frame to be written. */
  readonly next: number;
  /** Frames from the position on. */
  readonly events: number;
};

/**
 * Reads every segment whole, so that what is wrong is known and told before the first request. A torn tail is cut off. Damage before
 * whole frames stays where it is, and is passed over when the frames are read.
 * @throws the error of the file system
 */
export async function recover(dir: string, reports: SpoolReports): Promise<Recovered> {
  const position = await readPosition(dir);
  const segments: Segment[] = [];
  let next = position;
  let events = 0;
  for (const number of await segmentNumbers(dir)) {
    const path = segmentPath(dir, number);
    const bytes = await readFile(path);
    const head = readHead(bytes);
    if (head === undefined) {
      await giveUp(path, bytes, reports);
      continue;
    }
    const segment: Segment = { ...head, number, path, bytes: bytes.length, end: 0, damages: new Set() };
    for (const found of framesOf(bytes, head.salt, headBytes)) {
      if (found.kind === "frame") {
        segment.end = Math.max(segment.end, found.sequence + 1);
        if (found.sequence >= position) events++;
      } else if (found.torn) {
        reports.torn(path, found.from, found.to - found.from);
        segment.bytes = found.from;
      } else {
        segment.damages.add(found.from);
        await reports.damaged(segment, found.from, bytes.subarray(found.from, found.to));
      }
    }
    if (segment.end <= position && segment.damages.size === 0) {
      await rm(path);
      continue;
    }
    if (segment.bytes < bytes.length) await truncate(path, segment.bytes);
    next = Math.max(next, segment.end);
    segments.push(segment);
  }
  return { segments, position, next, events };
}

/** A segment whose head is missing. Shorter than a head it is an unfinished first write: nothing in it was acknowledged. */
async function giveUp(path: string, bytes: Buffer, reports: SpoolReports): Promise<void> {
  if (bytes.length >= headBytes) return reports.unreadable(path, bytes.length);
  reports.torn(path, 0, bytes.length);
  await rm(path);
}
