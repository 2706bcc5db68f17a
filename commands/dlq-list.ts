import { z } from "zod";
import { countSinkLetters, type LetterCount, listSinkLetters } from "../sinks/letters/index.ts";
import type { Database, Letter, LetterFilter, Transaction } from "../store/index.ts";
import { readStreamLetters } from "../stream/letters/index.ts";
import { concerns, findLetter, letterFilterOf, letterFilterShape, withLetterFilters } from "./dlq-filters.ts";
import type { AddDlqPart, DlqTools } from "./dlq-part.ts";
import { describeLetter, describeLetterCounts } from "./dlq-words.ts";
import { checked } from "./keys-part.ts";
import { times } from "./quarantine-words.ts";

const shape = letterFilterShape.extend({
  limit: z.coerce.number().int().min(1).max(1_000),
  before: z.string().optional(),
});

/** `hailstream dlq list`. */
export function addDlqList(part: AddDlqPart): void {
  part("list", "Lists dead letters, the newest first, and counts them by place and reason.", list, (command) =>
    withLetterFilters(command)
      .option("--limit <n>", "the most on one page", "50")
      .option("--before <id>", "the page behind the one that ends with this letter"),
  );
}

async function list(tools: DlqTools): Promise<void> {
  const { db, tell, say, wanted } = tools;
  const { limit, before, ...given } = checked(shape, wanted);
  const filter = letterFilterOf(given);
  const place = before === undefined ? undefined : await placeOf(tools, before);
  const isStream = concerns(filter, "stream");
  const inTopic = isStream
    ? (await readStreamLetters({ connection: tools.kafka(), db, log: tools.log }, filter)).map(({ letter }) => letter)
    : [];
  // One more than is shown tells whether there is a next page.
  const inPostgres = await lettersOfSinks(db, filter, limit + 1, place);
  const found = mergeLetters(inPostgres.page, inTopic, limit + 1, place);
  const counts = [...inPostgres.counts, ...countLetters(inTopic)];
  const letters = found.slice(0, limit);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const next = found.length > limit ? letters.at(-1)?.id : undefined;
  tell({ total, counts, letters, next }, () => [
    ...(place === undefined ? [...describeLetterCounts(counts), ""] : []),
    ...letters.map(describeLetter),
  ]);
  if (wanted.json === true) return;
  say(`${times(total, "dead letter")}${letters.length < total ? `, ${letters.length} of them shown` : ""}.`);
  if (next !== undefined) say(`The next page: --before ${next}`);
}

/** A page of the letters of sinks, and how many there are; nothing is asked where none of them is meant. In one snapshot, or what comes meanwhile is counted and not listed. */
export async function lettersOfSinks(
  db: Pick<Database, "transaction">,
  filter: LetterFilter,
  limit: number,
  before?: Letter,
): Promise<{ readonly page: readonly Letter[]; readonly counts: readonly LetterCount[] }> {
  if (!concerns(filter, "sinks")) return { page: [], counts: [] };
  const work = async (tx: Transaction) => ({
    page: await listSinkLetters(tx, filter, limit, before),
    counts: await countSinkLetters(tx, filter),
  });
  return db.transaction(work, { snapshot: true });
}

async function placeOf(tools: DlqTools, id: string): Promise<Letter> {
  const found = await findLetter(tools, id);
  return "stream" in found ? found.stream.letter : found.sinks;
}

/** A page of letters of both places, the newest first. @param before the last one of the page before, behind which those of Postgres begin already */
export function mergeLetters<T extends Letter>(
  inPostgres: readonly T[],
  inTopic: readonly T[],
  limit: number,
  before?: Letter,
): readonly T[] {
  const behind = before === undefined ? inTopic : inTopic.filter((letter) => isBehind(letter, before));
  return [...inPostgres, ...behind].sort((a, b) => (isBehind(a, b) ? 1 : -1)).slice(0, limit);
}

/** Of the same moment those of sinks come first, and the higher number or name. */
function isBehind(a: Letter, b: Letter): boolean {
  if (a.at.getTime() !== b.at.getTime()) return a.at < b.at;
  if (a.place !== b.place) return a.place === "stream";
  return a.id.length === b.id.length || a.place === "stream" ? a.id < b.id : a.id.length < b.id.length;
}

function countLetters(letters: readonly Letter[]): readonly LetterCount[] {
  const counts = new Map<string, LetterCount>();
  for (const { place, consumer, topic, code, state } of letters) {
    const name = JSON.stringify([consumer, topic, code, state]);
    const count = (counts.get(name)?.count ?? 0) + 1;
    counts.set(name, { place, consumer, topic, code, state, count });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
