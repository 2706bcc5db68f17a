import { PipelineError } from "../runtime/index.ts";
import {
  type EntryFilter,
  endLease,
  extendLease,
  finishReplays,
  type Place,
  type Planned,
  type ReplayAnswer,
  readPage,
  takePage,
} from "../sinks/quarantine/index.ts";
import type { Database } from "../store/index.ts";
import { addLine, addOutcome, noOutcomes, type Outcomes } from "./quarantine-outcomes.ts";
import { planReplay, type ReplayWishes } from "./quarantine-plan.ts";
import { type DoorAnswer, type PostParts, postAgain } from "./quarantine-post.ts";
import type { Predictor } from "./quarantine-predict.ts";
import type { QuarantineProgress } from "./quarantine-progress.ts";

export type ReplayRun = {
  readonly db: Database;
  readonly filter: EntryFilter;
  readonly wishes: ReplayWishes;
  /** The most events. */
  readonly limit: number;
  readonly predictor: Predictor;
  readonly progress: Pick<QuarantineProgress, "done">;
  /** Aborted when the user has had enough. */
  readonly quit: AbortSignal;
};

export type ReplayOutcomes = Outcomes & {
  readonly interrupted: boolean;
  /** Why it ended before the end. */
  readonly trouble?: PipelineError;
};

export type Posting = {
  readonly by: { readonly name: string; readonly door: string; readonly leaseMs: number };
  readonly post: Omit<PostParts, "onAgain">;
  /** The most events in one request. */
  readonly batchSize: number;
};

/** What takes more than this goes in several requests. */
const maxBatchBytes = 512 * 1_024;
const predictedTogether = 200;

/** Tells what would become of each event; nothing is posted or written. */
export async function predictAll(run: ReplayRun): Promise<ReplayOutcomes> {
  const outcomes = noOutcomes();
  for (let after: Place | undefined; !run.quit.aborted; ) {
    const size = Math.min(predictedTogether, run.limit - outcomes.matched);
    if (size <= 0) break;
    const entries = await readPage(run.db, run.filter, after, size);
    const plans = entries.map((entry) => ({ entry, plan: planReplay(entry, run.wishes, run.predictor.types) }));
    const posts = plans.flatMap(({ plan }) => ("post" in plan ? [plan.post] : []));
    const predictions = [...(await run.predictor.predict(run.db, posts))];
    for (const { entry, plan } of plans) {
      const prediction = "skip" in plan ? new PipelineError(plan.skip) : predictions.shift();
      if (prediction !== undefined) addOutcome(outcomes, entry, prediction);
    }
    run.progress.done(plans.length);
    after = entries.at(-1);
    if (after === undefined) break;
  }
  return { ...outcomes, interrupted: run.quit.aborted };
}

/**
 * Posts the events again, in the order in which they came, and writes down each answer before the next are taken. Ended anywhere, it
 * leaves nothing wrong behind: what the door has is recognised by its id when it comes once more.
 * @throws PipelineError apps_request_refused, store_…
 */
export async function replayAll(run: ReplayRun, posting: Posting): Promise<ReplayOutcomes> {
  const outcomes = noOutcomes();
  let unanswered = 0;
  for (let after: Place | undefined; !run.quit.aborted; ) {
    const size = Math.min(posting.batchSize, run.limit - outcomes.matched);
    if (size <= 0) break;
    const plan = (entry: Planned["entry"]) => planReplay(entry, run.wishes, run.predictor.types);
    const { outcomes: planned, last, lease } = await takePage(run.db, run.filter, after, size, posting.by, plan);
    if (last === undefined) break;
    after = last;
    const taken: Taken[] = [];
    for (const { entry, plan } of planned) {
      if ("skip" in plan) addOutcome(outcomes, entry, new PipelineError(plan.skip));
      else taken.push({ entry, post: plan.post });
    }
    try {
      for (const [i, batch] of batchesOf(taken).entries()) {
        if (run.quit.aborted) break;
        if (i > 0) await extendLease(run.db, lease, posting.by.leaseMs);
        unanswered += await postBatch(batch, lease, run, posting, outcomes);
        // The door is away: the rest waits for another run.
        if (unanswered > 0) break;
      }
    } finally {
      await endLease(run.db, lease);
    }
    run.progress.done(planned.length);
    if (unanswered > 0) break;
  }
  const interrupted = run.quit.aborted;
  if (unanswered === 0 || interrupted) return { ...outcomes, interrupted };
  const fields = { events: unanswered, door: posting.by.door };
  return { ...outcomes, interrupted, trouble: new PipelineError("quarantine_replay_unanswered", { fields }) };
}

type Taken = { readonly entry: Planned["entry"]; readonly post: Buffer };

/** Gives the number of events that are to be posted once more. */
async function postBatch(
  batch: readonly Taken[],
  lease: string,
  run: ReplayRun,
  { by, post }: Posting,
  outcomes: Outcomes,
): Promise<number> {
  const answers = await postAgain(
    batch.map(({ post }) => post),
    { ...post, onAgain: () => extendLease(run.db, lease, by.leaseMs) },
  ).catch(async (error: unknown) => {
    const refused = {
      status: "refused",
      code: PipelineError.is(error, "apps_request_refused") ? error.code : undefined,
    };
    await finishReplays(
      run.db,
      lease,
      recordsOf(
        batch,
        batch.map(() => ({ ...refused, answer: null })),
      ),
    );
    throw error;
  });
  await finishReplays(run.db, lease, recordsOf(batch, answers));
  let left = 0;
  for (const [i, { entry }] of batch.entries()) {
    const answer = answers[i];
    if (answer === undefined || answer.status === "retry") left += 1;
    addAnswer(outcomes, entry, answer ?? { status: "unanswered", answer: null });
  }
  return left;
}

function recordsOf(batch: readonly Taken[], answers: readonly (DoorAnswer | undefined)[]): readonly ReplayAnswer[] {
  return batch.flatMap(({ entry }, i) => {
    const answer = answers[i];
    return answer === undefined ? [] : [{ ...answer, quarantineId: entry.quarantine_id, attempt: entry.attempts + 1 }];
  });
}

function addAnswer(outcomes: Outcomes, entry: Planned["entry"], { status, code, answer }: DoorAnswer): void {
  outcomes.matched += 1;
  outcomes.done += 1;
  outcomes.counts[status] = (outcomes.counts[status] ?? 0) + 1;
  const { pointer, message } = (answer ?? {}) as { readonly pointer?: string; readonly message?: string };
  addLine(outcomes, entry, {
    outcome: status,
    ...(code === undefined ? {} : { code }),
    ...(pointer === undefined ? {} : { pointer }),
    ...(message === undefined ? {} : { message: `${code} ${pointer ?? ""} ${message}` }),
  });
}

/** Cuts a page into requests that are not too large. */
function batchesOf(taken: readonly Taken[]): readonly (readonly Taken[])[] {
  const batches: Taken[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of taken) {
    if (bytes + one.post.length > maxBatchBytes) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(one);
    bytes += one.post.length + 1;
  }
  return batches;
}
