import { z } from "zod";
import { createService, type PipelineError as Failure, PipelineError, runUntilStopped } from "../runtime/index.ts";
import type { LetterOutcome } from "../sinks/letters/index.ts";
import type { LetterFilter } from "../store/index.ts";
import { exitCodes } from "./command.ts";
import { findLetter, letterFilterOf, letterFilterShape, withLetterFilters } from "./dlq-filters.ts";
import type { AddDlqPart, DlqTools } from "./dlq-part.ts";
import { checked } from "./keys-part.ts";
import { createQuarantineProgress, type QuarantineProgress } from "./quarantine-progress.ts";
import { oneLine, times } from "./quarantine-words.ts";
import { type Redriven, runRedrive } from "./run-redrive.ts";

const shape = letterFilterShape.extend({
  all: z.boolean().default(false),
  limit: z.coerce.number().int().min(1).max(1_000_000_000).default(Number.MAX_SAFE_INTEGER),
  revive: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Wishes = z.output<typeof shape>;

/** So many letters that did not go are named one by one; the others are counted. */
const mostListed = 100;

/** `hailstream dlq redrive ID…|filters`. */
export function addDlqRedrive(part: AddDlqPart): void {
  part(
    "redrive [ids...]",
    "Lets dead letters try again what they failed at, each once, in the order of their partitions.",
    async (tools, [given]) => {
      const wishes = checked(shape, tools.wanted);
      const filter = await chooseLetters(tools, given as readonly string[], wishes);
      const told = await redrive(tools, filter, wishes);
      tools.tell(told.result, () => told.result.letters.map(describeOutcome));
      const { matched, redriven, failed, interrupted } = told.result;
      if (matched === 0 && !interrupted) tools.say("Nothing is left to do: none of these letters is open.");
      else
        tools.say(
          `${redriven} of ${times(matched, "dead letter")} ${wishes.dryRun ? "would be" : "are"} redriven, ${failed} failed again.`,
        );
      for (const [code, count] of Object.entries(told.result.skipped))
        tools.say(`${count} left alone: ${new PipelineError(code as Failure["code"]).remedy} [${code}]`);
      if (interrupted) tools.say("Interrupted: run the same command again for the rest; what is redriven stays so.");
      if (told.trouble !== undefined) throw told.trouble;
      if (!told.result.ok) tools.end(exitCodes.failed);
    },
    (command) =>
      withLetterFilters(command)
        .option("--all", "every letter that is open")
        .option("--limit <n>", "the first n letters only")
        .option("--revive", "store also what a tombstone may have deleted since")
        .option("--overwrite", "send records also where a connector keeps a row a key and may have a newer one")
        .option("--dry-run", "try everything and keep nothing; only tell what would come of it"),
  );
}

/** Which letters, each id being there. Everything at once must be said. @throws PipelineError option_invalid, dlq_letter_unknown */
async function chooseLetters(tools: DlqTools, ids: readonly string[], wishes: Wishes): Promise<LetterFilter> {
  const filter = letterFilterOf(wishes);
  if (ids.length === 0) {
    if (wishes.all || Object.values(filter).some((value) => value !== undefined)) return filter;
    const message = "Say which letters: give ids, a filter such as --code, or --all for everything.";
    throw new PipelineError("option_invalid", { message });
  }
  for (const id of ids) await findLetter(tools, id);
  return { ...filter, ids };
}

async function redrive(tools: DlqTools, filter: LetterFilter, wishes: Wishes) {
  const { dryRun } = wishes;
  const counts = { redriven: 0, failed: 0, skipped: 0 };
  const skipped: Record<string, number> = {};
  const letters: LetterOutcome[] = [];
  const [quit, done] = [new AbortController(), new AbortController()];
  let progress: QuarantineProgress | undefined;
  let ended: Redriven | undefined;
  let trouble: unknown;
  let running: Promise<void> = Promise.resolve();

  function onTotal(count: number): void {
    progress?.stop();
    progress = createQuarantineProgress(tools.context.stderr, dryRun ? "Trying" : "Redriving", count, "letters");
  }

  function onDone(outcomes: readonly LetterOutcome[]): void {
    for (const each of outcomes) {
      counts[each.outcome] += 1;
      if (each.outcome === "skipped" && each.code !== undefined) skipped[each.code] = (skipped[each.code] ?? 0) + 1;
      if (each.outcome !== "redriven" && letters.length < mostListed) letters.push(each);
    }
    progress?.done(outcomes.length);
  }

  const service = createService({
    name: "dlq redrive",
    start() {
      running = runRedrive({ ...tools, filter, wishes, quit: quit.signal, onTotal, onDone })
        .then((result) => {
          ended = result;
        })
        .catch((error: unknown) => {
          trouble = error;
        })
        .finally(() => done.abort());
    },
    async stop() {
      quit.abort();
      await running;
      progress?.stop();
    },
  });
  await runUntilStopped(service, tools.log, done.signal);
  const matched = counts.redriven + counts.failed + counts.skipped;
  const isWhole = ended?.isWhole === true;
  const interrupted = !isWhole && trouble === undefined;
  const ok = counts.redriven === matched && isWhole;
  const unlisted = counts.failed + counts.skipped - letters.length;
  const line = ended?.line === undefined ? null : String(ended.line);
  const result = {
    ...{ dryRun, ok, redrive: line, matched, redriven: counts.redriven },
    ...{ failed: counts.failed, skipped, interrupted, letters, unlisted },
  };
  return { result, trouble };
}

function describeOutcome({ id, outcome, code, message }: LetterOutcome): string {
  return oneLine(`${id}  ${outcome}  ${code ?? ""}${message === undefined ? "" : `: ${message}`}`);
}
