import { setTimeout as sleep } from "node:timers/promises";
import { type Anomaly, checkHistory, type History } from "../../audit/index.ts";
import { carrierTopics, comeToRest, gatherStored, progressOf } from "./gather.ts";
import { type Injected, inject } from "./inject.ts";
import { askLedger } from "./ledger.ts";
import { checkRequests } from "./order.ts";
import { type Fault, type Process, planFaults } from "./plan.ts";
import { onStage, type Stage, type StageOptions } from "./stage.ts";

export type RunOptions = StageOptions & {
  readonly minutes: number;
  /** What to break; by default what the seed says. */
  readonly plan?: readonly Fault[];
};

export type RunReport = {
  readonly seed: number;
  /** Events that were answered as accepted. */
  readonly events: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** How many faults were injected. */
  readonly faults: number;
  /** All that was wrong, of any kind. */
  readonly anomalies: readonly Anomaly[];
  readonly injected: readonly Injected[];
  /** Tries of the apps, those that were repeated included. */
  readonly attempts: number;
  readonly seconds: { readonly load: number; readonly rest: number; readonly check: number };
};

const restTimeoutMs = 150_000;

/** One run: the cluster from nothing, the apps, the faults of the seed, rest, and the judgement of what was seen. Leaves no process behind. */
export async function runOnce(options: RunOptions): Promise<RunReport> {
  const durationMs = options.minutes * 60_000;
  const plan = options.plan ?? planFaults(options.seed, { durationMs });
  const ownDisks = new Set(plan.flatMap(({ kind, target }) => (kind === "full disk" ? [target as Process] : [])));
  return onStage({ ...options, ownDisks }, async (stage) => {
    const watch = stopwatch();
    const injected = await breakThings({ ...options, durationMs, plan }, stage);
    const load = watch();
    const { apps, receiver, witness, poison, place } = stage;
    options.say(`${apps.accepted} events accepted in ${apps.attempts.length} tries (${load} s); waiting for rest`);

    const sos = apps.made.filter(({ body }) => body.type === "safety.sos").map(({ body }) => body.id);
    const isDelivered = () => new Set(receiver.delivered.map(({ eventId }) => eventId)).size >= sos.length;
    const stuck = await comeToRest(place, {
      ...{ timeoutMs: restTimeoutMs, witness: witness.group, isDelivered, abort: options.abort },
    });
    const rest = watch();
    const history: History = {
      ...(await gatherStored(place)),
      attempts: [...apps.attempts, ...poison.attempts],
      polled: witness.polled,
      progress: await progressOf(place, witness.group, carrierTopics),
      toDeliver: sos,
      delivered: receiver.delivered,
    };
    const made = apps.made.map(({ key, request, body }) => ({ key, request, id: body.id }));
    const anomalies = [
      ...stuck,
      ...checkHistory(history),
      ...checkRequests(made, history.carried),
      ...(await askLedger(place)),
      ...apps.refused.map(
        (what): Anomaly => ({ kind: "lost", where: "app", detail: `a valid event was refused: ${what}` }),
      ),
    ];
    const count = (...kinds: readonly Anomaly["kind"][]) => anomalies.filter(({ kind }) => kinds.includes(kind)).length;
    return {
      ...{ seed: options.seed, events: apps.accepted, lost: count("lost", "acknowledged-but-not-durable") },
      ...{ duplicated: count("duplicated"), reordered: count("reordered") },
      faults: injected.filter(({ done }) => done).length,
      ...{ anomalies, injected, attempts: apps.attempts.length },
      seconds: { load, rest, check: watch() },
    };
  });
}

/** The apps send while the faults of the plan come and go; resolves when every event has its answer and everything is well again. */
async function breakThings(
  { abort, say, durationMs, plan }: StageOptions & { readonly durationMs: number; readonly plan: readonly Fault[] },
  stage: Stage,
): Promise<readonly Injected[]> {
  const began = performance.now();
  const sending = stage.apps.run(durationMs);
  const breaking = plan.map(async (fault) => {
    await sleep(began + fault.atMs - performance.now(), undefined, { signal: abort });
    const length = fault.forMs > 0 ? ` for ${seconds(fault.forMs)} s` : "";
    say(`${seconds(performance.now() - began).padStart(6)} s  ${fault.kind}: ${fault.target}${length}`);
    const result = await inject(fault, stage);
    if (!result.done) say(`          not done (${fault.kind}: ${fault.target}): ${result.note}`);
    else if (result.note !== undefined) say(`          ${fault.kind}: ${fault.target}: ${result.note}`);
    return result;
  });
  const [injected] = await Promise.all([Promise.all(breaking), sending]);
  abort.throwIfAborted();
  return injected;
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const passed = Number(seconds(now - last));
    last = now;
    return passed;
  };
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
