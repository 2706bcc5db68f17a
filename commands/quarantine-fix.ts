import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import { schemaOptions } from "../schemas/index.ts";
import {
  countEntries,
  type EntryBytes,
  type EntryFilter,
  findEntry,
  fixPage,
  type HeldEntry,
  type Place,
} from "../sinks/quarantine/index.ts";
import { exitCodes } from "./command.ts";
import { checked } from "./keys-part.ts";
import { applyEdits, type Edit, type EventObject, readMove, readSet, readUnset } from "./quarantine-edit.ts";
import { choose, collect, filterOf, filterShape, withFilters } from "./quarantine-filters.ts";
import { addOutcome, describeOutcomes, noOutcomes } from "./quarantine-outcomes.ts";
import type { AddQuarantinePart, QuarantineTools } from "./quarantine-part.ts";
import { newIdOf, versionOf } from "./quarantine-plan.ts";
import type { Prediction } from "./quarantine-predict.ts";
import { createQuarantineProgress } from "./quarantine-progress.ts";
import { editEvent, pipeEvents, readEventFile } from "./quarantine-source.ts";
import { shortId, times } from "./quarantine-words.ts";

const texts = z.array(z.string()).default([]);
const shape = filterShape.extend({
  set: texts,
  unset: texts,
  move: texts,
  newType: z.string().min(1).optional(),
  newId: z.boolean().default(false),
  pipe: z.string().min(1).optional(),
  file: z.string().min(1).optional(),
  edit: z.boolean().default(false),
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Wishes = z.output<typeof shape>;

/** Small enough that the rows of a page are locked for a moment only. */
const pageSize = 200;

/** `hailstream quarantine fix ID…|filters`. */
export function addFix(part: AddQuarantinePart): void {
  part(
    "fix [ids...]",
    "Keeps a corrected version beside events, to be replayed in their place. The original bytes stay.",
    async (tools, [given]) => {
      const wishes = checked(shape, tools.wanted);
      const filter = await choose(tools.db, given as readonly string[], filterOf(wishes), wishes.all);
      const change = await changeOf(wishes, filter, tools);
      const result = await fixAll(filter, change, wishes.dryRun, tools);
      const { matched, done: fixed, counts: would, skipped, events, unlisted } = result;
      const { dryRun } = wishes;
      tools.tell({ dryRun, matched, fixed, would, skipped, events, unlisted }, () => describeOutcomes(result));
      const verb = dryRun ? "would be fixed" : "are fixed";
      tools.say(`${fixed} of ${times(matched, "event")} ${verb}. Post them with hailstream quarantine replay.`);
      if (fixed < matched) tools.end(exitCodes.failed);
    },
    {
      own: (command) =>
        withFilters(command)
          .option(
            "--set <pointer=value>",
            "put a value there: /data/speed=8.3; may be repeated, as the next two",
            collect,
          )
          .option("--unset <pointer>", "take a field out", collect)
          .option("--move <pointer=pointer>", "give a field another name or place: /data/sped=/data/speed", collect)
          .option("--new-type <name>", "the type that is meant, as --set /type=NAME")
          .option("--new-id", "an id of its own, for events whose id belongs to another")
          .option("--pipe <program>", "a program that gets the events, one a line, and gives them back: jq -c '…'")
          .option("--file <file>", 'the one event, corrected; "-" reads standard input')
          .option("--edit", "change the one event in $VISUAL or $EDITOR")
          .option("--all", "everything that was not replayed")
          .option("--dry-run", "change nothing; only tell what would come of it"),
      sets: [schemaOptions],
    },
  );
}

/** Makes the corrected versions of some events, in order; an error for one that cannot be changed so. */
type Change = (entries: readonly HeldEntry[]) => Promise<readonly (EventObject | PipelineError)[]>;

/** @throws PipelineError option_invalid */
async function changeOf(wishes: Wishes, filter: EntryFilter, tools: QuarantineTools): Promise<Change> {
  const edits: readonly Edit[] = [
    ...wishes.set.map(readSet),
    ...wishes.unset.map(readUnset),
    ...wishes.move.map(readMove),
    ...(wishes.newType === undefined ? [] : [{ kind: "set", pointer: "/type", value: wishes.newType } as const]),
  ];
  const ways = [edits.length > 0 || wishes.newId, wishes.pipe, wishes.file, wishes.edit].filter(Boolean).length;
  if (ways !== 1) {
    const message =
      "Say how to fix: --set, --unset, --move, --new-type and --new-id together, or --pipe, or --file, or --edit.";
    throw new PipelineError("option_invalid", { message });
  }
  if (wishes.file !== undefined || wishes.edit) return changeOne(wishes, filter, tools);
  const { pipe } = wishes;
  if (pipe !== undefined) return (entries) => pipeEvents(entries.map(versionOf), pipe);
  return async (entries) => entries.map((entry) => changed(entry, edits, wishes.newId));
}

function changed(entry: HeldEntry, edits: readonly Edit[], newId: boolean): EventObject | PipelineError {
  const own: readonly Edit[] = newId ? [{ kind: "set", pointer: "/id", value: newIdOf(entry.quarantine_id) }] : [];
  try {
    return applyEdits(versionOf(entry), [...edits, ...own]);
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/** A person takes as long as it takes, so nothing is locked meanwhile; what somebody else has changed by then is not overwritten. */
async function changeOne(wishes: Wishes, filter: EntryFilter, { db, context }: QuarantineTools): Promise<Change> {
  const [id] = filter.ids ?? [];
  if (id === undefined || filter.ids?.length !== 1) {
    throw new PipelineError("option_invalid", { message: "--file and --edit are for one event: give its id." });
  }
  const before = await findEntry(db, id);
  const { VISUAL, EDITOR = "vi" } = context.env;
  const event = wishes.file === undefined ? editEvent(versionOf(before), VISUAL ?? EDITOR) : readEventFile(wishes.file);
  return async (entries) =>
    entries.map((entry) =>
      isSame(entry, before)
        ? event
        : new PipelineError("quarantine_fix_invalid", {
            message: `${shortId(id)} was changed by somebody else meanwhile`,
          }),
    );
}

function isSame(a: EntryBytes, b: EntryBytes): boolean {
  return (a.fixed ?? a.original).equals(b.fixed ?? b.original);
}

async function fixAll(filter: EntryFilter, change: Change, dryRun: boolean, tools: QuarantineTools) {
  const { db, context, by } = tools;
  const predictor = tools.predictor();
  const counts = await countEntries(db, filter);
  const total = counts.reduce((sum, { state, count }) => sum + (state === "replayed" ? 0 : count), 0);
  const progress = createQuarantineProgress(context.stderr, "Fixing", total);
  const result = noOutcomes();
  let problem: PipelineError | undefined;
  try {
    for (let after: Place | undefined; ; ) {
      const page = await fixPage(db, filter, after, pageSize, by, async (entries) => {
        const decided = await decide(entries, change, dryRun);
        const versions = decided.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
        const predictions = [...(await predictor.predict(db, versions))];
        return decided.map((one) => ({
          ...one,
          prediction: one.bytes === undefined ? undefined : predictions.shift(),
        }));
      });
      for (const { entry, refusal, prediction } of page.outcomes) {
        addOutcome(result, entry, refusal ?? (prediction as Prediction));
        problem ??= refusal;
      }
      progress.done(page.outcomes.length);
      if (page.last === undefined) break;
      after = page.last;
    }
  } finally {
    progress.stop();
  }
  // What is wrong with the one event that was named is the answer.
  if (filter.ids?.length === 1 && problem !== undefined) throw problem;
  if (filter.ids?.length === 1 && result.matched === 0) throw new PipelineError("quarantine_already_replayed");
  return result;
}

type Decided = {
  readonly entry: HeldEntry;
  readonly bytes?: Buffer;
  /** What is kept; absent in a dry run. */
  readonly version?: Buffer;
  readonly refusal?: PipelineError;
};

async function decide(entries: readonly HeldEntry[], change: Change, dryRun: boolean): Promise<readonly Decided[]> {
  const free = entries.filter((entry) => !entry.in_hand);
  const changes = [...(await change(free))];
  return entries.map((entry): Decided => {
    if (entry.in_hand) return { entry, refusal: new PipelineError("quarantine_in_hand") };
    const next = changes.shift() as EventObject | PipelineError;
    if (next instanceof PipelineError) return { entry, refusal: next };
    const bytes = Buffer.from(JSON.stringify(next));
    return dryRun ? { entry, bytes } : { entry, bytes, version: bytes };
  });
}
