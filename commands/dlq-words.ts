import type { Letter } from "../store/index.ts";
import { oneLine, times } from "./quarantine-words.ts";

/** A letter in one line. */
export function describeLetter(letter: Letter): string {
  const { id, at, state, consumer, topic, partition, offset, type, code, message, attempts } = letter;
  const tries = attempts === 0 ? "" : `  (${times(attempts, "attempt")})`;
  const place = `${consumer}  ${topic}/${partition}/${offset}`;
  return oneLine(
    `${id}  ${at.toISOString()}  ${state.padEnd(8)}  ${place}  ${type ?? "-"}  ${code}: ${message}${tries}`,
  );
}

/** How many there are of each kind, in a table. */
export function describeLetterCounts(
  counts: readonly (Pick<Letter, "consumer" | "topic" | "code" | "state"> & { readonly count: number })[],
): readonly string[] {
  const width = Math.max(0, ...counts.map(({ count }) => String(count).length));
  return counts.map(({ count, code, state, consumer, topic }) =>
    oneLine(`${String(count).padStart(width)}  ${state.padEnd(8)}  ${consumer}  ${topic}  ${code}`),
  );
}
