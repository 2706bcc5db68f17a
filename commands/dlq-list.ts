import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import { countSinkLetters, findSinkLetter, listSinkLetters } from "../sinks/letters/index.ts";
import { letterFilterOf, letterFilterShape, withLetterFilters } from "./dlq-filters.ts";
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

async function list({ db, tell, say, wanted }: DlqTools): Promise<void> {
  const { limit, before, ...given } = checked(shape, wanted);
  const filter = letterFilterOf(given);
  const place = before === undefined ? undefined : await findSinkLetter(db, before);
  if (before !== undefined && place === undefined) {
    throw new PipelineError("dlq_letter_unknown", { fields: { letter: before } });
  }
  // One more than is shown tells whether there is a next page.
  const [found, counts] = await Promise.all([
    listSinkLetters(db, filter, limit + 1, place),
    countSinkLetters(db, filter),
  ]);
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
