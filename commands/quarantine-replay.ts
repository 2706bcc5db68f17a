import { z } from "zod";
import { doorOptions } from "../apps/index.ts";
import { createService, type ErrorCode, PipelineError, runUntilStopped } from "../runtime/index.ts";
import { schemaOptions } from "../schemas/index.ts";
import { countEntries, type EntryFilter } from "../sinks/quarantine/index.ts";
import { exitCodes } from "./command.ts";
import { checked } from "./keys-part.ts";
import { choose, filterOf, filterShape, withFilters } from "./quarantine-filters.ts";
import { describeOutcomes } from "./quarantine-outcomes.ts";
import type { AddQuarantinePart, QuarantineTools } from "./quarantine-part.ts";
import { createQuarantineProgress } from "./quarantine-progress.ts";
import type { ReplayOutcomes } from "./quarantine-run.ts";
import { times } from "./quarantine-words.ts";
import { runReplay } from "./run-replay.ts";

const shape = filterShape.extend({
  all: z.boolean().default(false),
  limit: z.coerce.number().int().min(1).max(1_000_000_000).default(Number.MAX_SAFE_INTEGER),
  newId: z.boolean().default(false),
  vouch: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** What the door may still take to answer after Ctrl-C. */
const graceMs = 700;

/** `hailstream quarantine replay ID…|filters`. */
export function addReplay(part: AddQuarantinePart): void {
  part(
    "replay [ids...]",
    "Posts events again through the front door, the corrected version where there is one, the oldest first.",
    async (tools, [given]) => {
      const wishes = checked(shape, tools.wanted);
      const filter = await choose(tools.db, given as readonly string[], filterOf(wishes), wishes.all);
      const outcomes = await replay(filter, wishes, tools);
      refuseTheOnlyOne(outcomes, filter);
      const { matched, done: posted, counts, skipped, events, unlisted, interrupted } = outcomes;
      const { accepted = 0, duplicate = 0 } = counts;
      const ok = accepted + duplicate === matched && !interrupted;
      const { dryRun } = wishes;
      const result = {
        dryRun,
        ok,
        matched,
        ...(dryRun ? { would: counts } : { posted, answers: counts }),
        skipped,
        interrupted,
      };
      tools.tell({ ...result, events, unlisted }, () => describeOutcomes(outcomes));
      const verb = dryRun ? "would be accepted" : "are accepted";
      const before = duplicate === 0 ? "" : `, ${duplicate} of them already before`;
      if (ok && matched === 0) return tools.say("Nothing is left to do: none of these events waits.");
      tools.say(`${accepted + duplicate} of ${times(matched, "event")} ${verb}${before}.`);
      if (interrupted)
        tools.say("Interrupted: run the same command again for the rest; what was stored is recognised.");
      if (outcomes.trouble !== undefined) throw outcomes.trouble;
      if (!ok) tools.end(exitCodes.failed);
    },
    {
      own: (command) =>
        withFilters(command)
          .option("--all", "everything that was not replayed")
          .option("--limit <n>", "the first n events only")
          .option("--new-id", "give events whose id belongs to another an id of their own")
          .option("--vouch", "post also what a device sent for somebody else: it is true all the same")
          .option("--dry-run", "post nothing; only tell what would come of it"),
      sets: [doorOptions, schemaOptions],
    },
  );
}

/** What is wrong with the one event that was named is the answer. */
function refuseTheOnlyOne({ skipped, matched }: ReplayOutcomes, { ids }: EntryFilter): void {
  const [code] = Object.keys(skipped);
  if (ids?.length === 1 && matched === 1 && code !== undefined) throw new PipelineError(code as ErrorCode);
}

async function replay(
  filter: EntryFilter,
  wishes: z.output<typeof shape>,
  tools: QuarantineTools,
): Promise<ReplayOutcomes> {
  const { db, log, door, stack, by } = tools;
  const predictor = tools.predictor();
  const counts = await countEntries(db, filter);
  const total = counts.reduce((sum, { state, count }) => sum + (state === "replayed" ? 0 : count), 0);
  const words = wishes.dryRun ? "Judging" : "Replaying";
  const progress = createQuarantineProgress(tools.context.stderr, words, Math.min(total, wishes.limit));
  const [quit, cut, done] = [new AbortController(), new AbortController(), new AbortController()];
  const order = { db, door, stack, by, filter, wishes, predictor, progress, quit: quit.signal, cut: cut.signal };
  let outcomes: ReplayOutcomes | undefined;
  let failure: unknown;
  let running: Promise<void> = Promise.resolve();
  const service = createService({
    name: "quarantine replay",
    start() {
      running = runReplay(order)
        .then((result) => {
          outcomes = result;
        })
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => done.abort());
    },
    async stop() {
      quit.abort();
      const timer = setTimeout(() => cut.abort(), graceMs);
      await running;
      clearTimeout(timer);
      progress.stop();
    },
  });
  await runUntilStopped(service, log, done.signal);
  if (failure !== undefined) throw failure;
  return outcomes as ReplayOutcomes;
}
