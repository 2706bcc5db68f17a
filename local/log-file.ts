import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

const keepBytes = 16 * 1024 * 1024;

/** Opens a log file for appending; a large one is moved aside first, and the one before it is dropped. */
export function openLog(file: string): { readonly descriptor: number; readonly start: number } {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && statSync(file).size > keepBytes) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, "a", 0o600);
  return { descriptor, start: fstatSync(descriptor).size };
}

/** What was written to a log from `start` bytes on: the last `maxBytes` of it. */
export function readLog(file: string, start: number, maxBytes = 64 * 1024): string {
  if (!existsSync(file)) return "";
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const from = Math.max(Math.min(start, size), size - maxBytes);
    const buffer = Buffer.alloc(size - from);
    const read = readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer.toString("utf8", 0, read);
  } finally {
    closeSync(descriptor);
  }
}

/** The last lines of a text that are not empty. */
export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
