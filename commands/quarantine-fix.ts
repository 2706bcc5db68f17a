import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import { schemaOptions } from "../schemas/index.ts";
import { countEntries, type EntryFilter, findEntry } from "../sinks/quarantine/index.ts";
import { exitCodes } from "./command.ts";
import { checked } from "./keys-part.ts";
import { type Edit, readMove, readSet, readUnset } from "./quarantine-edit.ts";
import { choose, collect, filterOf, filterShape, withFilters } from "./quarantine-filters.ts";
import { describeOutcomes } from "./quarantine-outcomes.ts";
import type { AddQuarantinePart, QuarantineTools } from "./quarantine-part.ts";
import { versionOf } from "./quarantine-plan.ts";
import { createQuarantineProgress } from "./quarantine-progress.ts";
import { editEvent, pipeEvents, readEventFile } from "./quarantine-source.ts";
import { times } from "./quarantine-words.ts";
import { type Change, editsChange, runFix, wholeChange } from "./run-fix.ts";

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

/** `hailstream quarantine fix ID…|filters`. */
export function addFix(part: AddQuarantinePart): void {
  part(
    "fix [ids...]",
    "Keeps a corrected version beside events, to be replayed in their place. The original bytes stay.",
    async (tools, [given]) => {
      const wishes = checked(shape, tools.wanted);
      const filter = await choose(tools.db, given as readonly string[], filterOf(wishes), wishes.all);
      const change = await changeOf(wishes, filter, tools);
      const result = await fixEvents(filter, change, tools, wishes);
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
  return editsChange(edits, wishes.newId);
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
  return wholeChange(before, event);
}

/** Shows how far it is. */
async function fixEvents(filter: EntryFilter, change: Change, tools: QuarantineTools, { dryRun }: Wishes) {
  const { db, context, by } = tools;
  const counts = await countEntries(db, filter);
  const total = counts.reduce((sum, { state, count }) => sum + (state === "replayed" ? 0 : count), 0);
  const progress = createQuarantineProgress(context.stderr, "Fixing", total);
  try {
    return await runFix({ db, by, filter, change, dryRun, predictor: tools.predictor(), progress });
  } finally {
    progress.stop();
  }
}
