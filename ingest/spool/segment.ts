import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Head } from "./frames.ts";

/** One segment file and what is known about it. */
export type Segment = Head & {
  readonly number: number;
  readonly path: string;
  /** Up to here everything was written and forced to the disk; what a failed write left behind it is not there. */
  bytes: number;
  /** Sequence behind the last whole frame. */
  end: number;
  /** Where damage begins that was reported already. */
  readonly damages: Set<number>;
};

const named = /^(\d{10})\.spool$/;

export const segmentPath = (dir: string, number: number) => join(dir, `${String(number).padStart(10, "0")}.spool`);

/** The numbers of the segment files, ascending. */
export async function segmentNumbers(dir: string): Promise<number[]> {
  const numbers = (await readdir(dir)).flatMap((name) => named.exec(name)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** The bytes of a file from `from` up to `to` or its end. */
export async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
    let got = 0;
    while (got < bytes.length) {
      const { bytesRead } = await file.read(bytes, got, bytes.length - got, from + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return bytes.subarray(0, got);
  } finally {
    await file.close();
  }
}

/** Makes sure that the names in a directory are on the disk, not only the files behind them. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
