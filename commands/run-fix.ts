import { PipelineError } from "../runtime/index.ts";
import { type EntryBytes, type EntryFilter, fixPage, type HeldEntry, type Place } from "../sinks/quarantine/index.ts";
import { type ActCounts, beginAct, type Database, endAct } from "../store/index.ts";
import { applyEdits, type Edit, type EventObject } from "./quarantine-edit.ts";
import { addOutcome, noOutcomes, type Outcomes } from "./quarantine-outcomes.ts";
import { newIdOf, versionOf } from "./quarantine-plan.ts";
import type { Prediction, Predictor } from "./quarantine-predict.ts";
import type { QuarantineProgress } from "./quarantine-progress.ts";
import { shortId } from "./quarantine-words.ts";

/** Makes the corrected versions of some events, in order; an error for one that cannot be changed so. */
export type Change = (entries: readonly HeldEntry[]) => Promise<readonly (EventObject | PipelineError)[]>;

/** The same edits for each event. @param newId whether each gets an id of its own */
export function editsChange(edits: readonly Edit[], newId: boolean): Change {
  return async (entries) => entries.map((entry) => changed(entry, edits, newId));
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

/** One event, whole, as somebody has edited it; not when somebody else has changed it since it was read. */
export function wholeChange(before: EntryBytes & { readonly quarantine_id: string }, event: EventObject): Change {
  return async (entries) =>
    entries.map((entry) =>
      isSame(entry, before)
        ? event
        : new PipelineError("quarantine_fix_invalid", {
            message: `${shortId(before.quarantine_id)} was changed by somebody else meanwhile`,
          }),
    );
}

function isSame(a: EntryBytes, b: EntryBytes): boolean {
  return (a.fixed ?? a.original).equals(b.fixed ?? b.original);
}

/** What a fix is for whoever asks: the command, or the console. */
export type FixOrder = {
  readonly db: Database;
  readonly by: string;
  readonly filter: EntryFilter;
  readonly change: Change;
  readonly dryRun: boolean;
  readonly predictor: Predictor;
  readonly progress: Pick<QuarantineProgress, "done">;
  /** Aborted when the user has had enough; the page under way is kept. */
  readonly quit?: AbortSignal;
};

/** Small enough that the rows of a page are locked for a moment only. */
const pageSize = 200;

/**
 * Keeps corrected versions beside events, tells what the front door would say of them, and writes down who did it.
 * @throws PipelineError quarantine_fix_invalid and others, when the one event that was named cannot be fixed so
 */
export async function runFix(order: FixOrder): Promise<Outcomes> {
  const { db, by, filter, dryRun } = order;
  if (dryRun) return fixAll(order);
  const act = await beginAct(db, "fix", by, filter);
  let counts: ActCounts | undefined;
  try {
    const outcomes = await fixAll(order);
    counts = { matched: outcomes.matched, succeeded: outcomes.done };
    return outcomes;
  } finally {
    await endAct(db, act, counts);
  }
}

async function fixAll({ db, by, filter, change, dryRun, predictor, progress, quit }: FixOrder): Promise<Outcomes> {
  const result = noOutcomes();
  let problem: PipelineError | undefined;
  for (let after: Place | undefined; quit?.aborted !== true; ) {
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
