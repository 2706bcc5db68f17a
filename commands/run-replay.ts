import { createHttpClient, type DoorOptions } from "../apps/index.ts";
import type { ReadyLine } from "../local/index.ts";
import type { EntryFilter } from "../sinks/quarantine/index.ts";
import { type ActCounts, beginAct, type Database, endAct } from "../store/index.ts";
import type { ReplayWishes } from "./quarantine-plan.ts";
import type { Predictor } from "./quarantine-predict.ts";
import type { QuarantineProgress } from "./quarantine-progress.ts";
import { predictAll, type ReplayOutcomes, replayAll } from "./quarantine-run.ts";
import { doorOf } from "./running-stack.ts";

/** What a replay is for whoever asks: the command, or the console. */
export type ReplayOrder = {
  readonly db: Database;
  readonly door: DoorOptions;
  /** Of the local stack, when it runs and nothing else was named. */
  readonly stack: ReadyLine | undefined;
  readonly by: string;
  readonly filter: EntryFilter;
  readonly wishes: ReplayWishes & { readonly limit: number; readonly dryRun: boolean };
  readonly predictor: Predictor;
  readonly progress: Pick<QuarantineProgress, "done">;
  /** Aborted when the user has had enough: what is under way gets its answer or none. */
  readonly quit: AbortSignal;
  /** Cuts requests under way. */
  readonly cut: AbortSignal;
};

/**
 * Posts events in quarantine again, or tells what would come of it, and writes down who did it.
 * @throws PipelineError option_invalid without a door, apps_request_refused, store_…
 */
export async function runReplay(order: ReplayOrder): Promise<ReplayOutcomes> {
  const { db, by, door, filter, wishes, quit, cut } = order;
  const run = { ...order, limit: wishes.limit };
  // A dry run needs no door.
  if (wishes.dryRun) return predictAll(run);
  const posting = { ...doorOf(door, order.stack), name: by };
  const client = createHttpClient({
    ...posting,
    connections: 1,
    timeoutMs: door.requestTimeoutMs,
    // Whoever replays is at hand: what fails again stays this entry and does not become another.
    headers: { prefer: "handling=strict" },
  });
  const act = await beginAct(db, "replay", by, { ...filter, newId: wishes.newId, vouch: wishes.vouch });
  let counts: ActCounts | undefined;
  try {
    const outcomes = await replayAll(run, {
      by: { name: by, door: posting.url, leaseMs: door.requestTimeoutMs + 30_000 },
      post: { client, random: Math.random, quit, cut },
      batchSize: door.batchSize,
    });
    const { accepted = 0, duplicate = 0 } = outcomes.counts;
    counts = { matched: outcomes.matched, succeeded: accepted + duplicate };
    return outcomes;
  } finally {
    client.close();
    await endAct(db, act, counts);
  }
}
