import { doorOptions } from "../apps/index.ts";
import type { Ended, Order, Progress, RecordLine, RefusedPort } from "../console/index.ts";
import type { KafkaConnection } from "../kafka/index.ts";
import { type Logger, type OptionSource, PipelineError, readOptions } from "../runtime/index.ts";
import type { LetterOutcome } from "../sinks/letters/index.ts";
import { countEntries } from "../sinks/quarantine/index.ts";
import { type ActLine, type Database, listActs } from "../store/index.ts";
import { entryFilterOf, letterFilterOf } from "./console-filters.ts";
import type { Outcomes } from "./quarantine-outcomes.ts";
import { createPredictor, type Predictor } from "./quarantine-predict.ts";
import { editsChange, runFix, wholeChange } from "./run-fix.ts";
import { runRedrive } from "./run-redrive.ts";
import { runReplay } from "./run-replay.ts";
import { runningStack } from "./running-stack.ts";

export type ActingParts = {
  readonly db: Database;
  readonly log: Logger;
  readonly source: OptionSource;
  readonly connection: KafkaConnection;
};

/** So many events that did not come through are named one by one; the others are counted. */
const mostNamed = 100;
/** What the door may still take to answer after a stop. */
const graceMs = 700;

/** What the commands `quarantine fix`, `quarantine replay` and `dlq redrive` do, for the console. */
export function createActing(parts: ActingParts): Pick<RefusedPort, "act" | "records"> {
  const { db, log, source } = parts;
  let made: Predictor | undefined;
  // It compiles every schema, and most look only.
  const predictor = () => {
    made ??= createPredictor(source, undefined, log);
    return made;
  };

  async function overEntries(
    order: Order,
    onProgress: (progress: Progress) => void,
    run: (progress: {
      done(count: number): void;
    }) => Promise<Outcomes & { readonly interrupted?: boolean; readonly trouble?: PipelineError }>,
    isGood: (outcome: string) => boolean,
  ): Promise<Ended> {
    const counts = await countEntries(db, entryFilterOf(order.filter));
    const total = counts.reduce((sum, { state, count }) => sum + (state === "replayed" ? 0 : count), 0);
    let progress: Progress = { total, done: 0, good: 0, bad: 0, skipped: {} };
    onProgress(progress);
    const outcomes = await run({
      done(count) {
        progress = { ...progress, done: progress.done + count };
        onProgress(progress);
      },
    });
    if (outcomes.trouble !== undefined) throw outcomes.trouble;
    const good = Object.entries(outcomes.counts).reduce((sum, [name, count]) => sum + (isGood(name) ? count : 0), 0);
    const bad = outcomes.done - good;
    return {
      progress: {
        total: Math.max(total, outcomes.matched),
        done: outcomes.matched,
        good,
        bad,
        skipped: outcomes.skipped,
      },
      outcomes: outcomes.events
        .filter(({ outcome }) => !isGood(outcome))
        .slice(0, mostNamed)
        .map(({ quarantine_id: id, outcome, code = null, message = null }) => ({ id, outcome, code, message })),
      interrupted: outcomes.interrupted === true,
    };
  }

  function fix(order: Order, quit: AbortSignal, onProgress: (progress: Progress) => void): Promise<Ended> {
    const { correction, dryRun, by } = order;
    if (correction === undefined) throw new PipelineError("option_invalid", { message: "A fix needs a correction." });
    const filter = entryFilterOf(order.filter);
    const change = "event" in correction ? wholeOf(order, correction) : editsChange(correction.edits, correction.newId);
    return overEntries(
      order,
      onProgress,
      (progress) => runFix({ db, by, filter, change, dryRun, predictor: predictor(), progress, quit }),
      // A correction that the door would still refuse is kept, and told of.
      (outcome) => outcome === "accepted" || outcome === "duplicate",
    );
  }

  async function replay(order: Order, quit: AbortSignal, onProgress: (progress: Progress) => void): Promise<Ended> {
    const { dryRun, by, newId = false, vouch = false } = order;
    const cut = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    quit.addEventListener("abort", () => {
      timer = setTimeout(() => cut.abort(), graceMs);
    });
    try {
      return await overEntries(
        order,
        onProgress,
        (progress) =>
          runReplay({
            ...{ db, by, progress, quit, cut: cut.signal, predictor: predictor(), filter: entryFilterOf(order.filter) },
            ...{ door: readOptions(doorOptions, source), stack: runningStack(source) },
            wishes: { newId, vouch, dryRun, limit: Number.MAX_SAFE_INTEGER },
          }),
        (outcome) => outcome === "accepted" || outcome === "duplicate",
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async function redrive(order: Order, quit: AbortSignal, onProgress: (progress: Progress) => void): Promise<Ended> {
    const { dryRun, by, revive = false, overwrite = false } = order;
    let progress: Progress = { total: 0, done: 0, good: 0, bad: 0, skipped: {} };
    const named: LetterOutcome[] = [];
    const { isWhole } = await runRedrive({
      ...{ db, log, source, by, quit, kafka: () => parts.connection, filter: letterFilterOf(order.filter) },
      wishes: { dryRun, revive, overwrite, limit: Number.MAX_SAFE_INTEGER },
      onTotal(letters) {
        progress = { ...progress, total: progress.total + letters };
        onProgress(progress);
      },
      onDone(outcomes) {
        const skipped: Record<string, number> = { ...progress.skipped };
        let [good, bad] = [progress.good, progress.bad];
        for (const each of outcomes) {
          if (each.outcome === "redriven") good += 1;
          else if (each.outcome === "failed") bad += 1;
          else skipped[each.code ?? ""] = (skipped[each.code ?? ""] ?? 0) + 1;
          if (each.outcome !== "redriven" && named.length < mostNamed) named.push(each);
        }
        progress = { ...progress, done: progress.done + outcomes.length, good, bad, skipped };
        onProgress(progress);
      },
    });
    const outcomes = named.map(({ id, outcome, code = null, message = null }) => ({ id, outcome, code, message }));
    return { progress, outcomes, interrupted: !isWhole };
  }

  return {
    act(order, quit, onProgress) {
      const deeds = { fix, replay, redrive };
      return deeds[order.deed](order, quit, onProgress);
    },
    records: async (limit) => (await listActs(db, limit)).map(recordOf),
  };
}

/** The event as somebody has edited it; not when somebody else has changed it since it was shown. */
function wholeOf({ filter }: Order, { event, before }: { readonly event: object; readonly before: string }) {
  const [id] = filter.ids ?? [];
  if (id === undefined || filter.ids?.length !== 1) {
    throw new PipelineError("option_invalid", { message: "A whole event corrects one event: give its id." });
  }
  const shown = { quarantine_id: id, original: Buffer.from(before, "base64"), fixed: null };
  return wholeChange(shown, event as Record<string, unknown>);
}

function recordOf({ id, kind, by, what, started_at, finished_at, matched, succeeded }: ActLine): RecordLine {
  return {
    ...{ id, deed: kind, by, what: JSON.stringify(what), began: started_at.getTime() },
    ...{ ended: finished_at?.getTime() ?? null, matched, good: succeeded },
  };
}
