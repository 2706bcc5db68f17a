import type { Agent } from "undici";
import {
  createService,
  type Logger,
  type Metrics,
  messageOf,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import { secondsBuckets } from "../../runtime/metrics.ts";
import type { Database } from "../../store/index.ts";
import { type Decision, endpointsWithDue, finish, type Taken, take } from "./deliveries.ts";
import { disableEndpoint, hold, noteFailure, noteSuccess } from "./endpoint-health.ts";
import { createFinisher } from "./finisher.ts";
import { createGuardedAgent, type Resolve } from "./guarded-agent.ts";
import { countEndpoints, countPending, deleteOld, tidy } from "./housekeeping.ts";
import { createLane, type Lane } from "./lane.ts";
import { policyOf, scheduleOf, type WebhookOptions } from "./options.ts";
import { type Attempt, post } from "./post.ts";
import { delayAfter } from "./retry-schedule.ts";
import { createSharedLookup } from "./shared-lookup.ts";

export type SenderParts = {
  readonly db: Database;
  readonly options: WebhookOptions;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly resolve?: Resolve;
};

export type Sender = Service & {
  /** Looks at these endpoints now instead of at the next poll. */
  wake(endpoints: ReadonlySet<string>): void;
};

/** A lease outlives the attempt by this much: time to write the result down. */
const leaseMarginMs = 5_000;
/** How long `stop` lets attempts end by themselves. */
const drainMs = 5_000;
const tidyEveryMs = 5_000;
const deleteEveryMs = 10_000;
/** A receiver that asks for quiet in one answer cannot have more of it than this for other alerts. */
const longestHoldMs = 15 * 60_000;
const dayMs = 86_400_000;

/**
 * Sends what is due, by a lane for each endpoint, so that a receiver that hangs delays nobody else. Any number of
 * senders may run on one database. Each delivery is sent at least once; every repetition has the same webhook-id.
 */
export function createSender(parts: SenderParts): Sender {
  const { db, options, log } = parts;
  const policy = policyOf(options);
  const schedule = scheduleOf(options);
  const leaseMs = options.timeoutMs + leaseMarginMs;
  const metrics = senderMetrics(parts.metrics);
  const finishOne = createFinisher((ended) => finish(db, ended));
  const lanes = new Map<string, Lane>();
  const interrupt = new AbortController();
  let agent: Agent | undefined;
  let stopping = false;
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeUp: () => void = () => undefined;
  let fail: (cause: unknown) => void = () => undefined;
  let tidiedAt = Number.NEGATIVE_INFINITY;
  let deletedAt = Number.NEGATIVE_INFINITY;

  const service = createService({
    name: "webhook sender",
    start(failed) {
      fail = failed;
      agent = createGuardedAgent(policy, {
        timeoutMs: options.timeoutMs,
        resolve: createSharedLookup(parts.resolve),
      });
      loop = run(agent).catch(fail);
    },
    async stop() {
      stopping = true;
      wakeUp();
      await loop;
      const cut = setTimeout(() => interrupt.abort(), drainMs);
      await Promise.all([...lanes.values()].map((lane) => lane.close()));
      clearTimeout(cut);
      await agent?.destroy();
    },
  });
  return Object.assign(service, { wake });

  function wake(endpoints: ReadonlySet<string>): void {
    // Asking all endpoints costs more than all the rest of a delivery; those that were sent to before need not be asked.
    for (const id of endpoints) {
      const lane = lanes.get(id);
      if (lane === undefined) look();
      else if (!stopping) lane.visit();
    }
  }

  /** Looks for due deliveries of all endpoints now instead of at the next poll. */
  function look(): void {
    woken = true;
    wakeUp();
  }

  async function run(via: Agent): Promise<void> {
    while (!stopping) {
      woken = false;
      await round(via).catch(orFail);
      if (!woken && !stopping) await pause();
    }
  }

  /** What can be tried again is tried again at the next poll. */
  function orFail(error: unknown): void {
    if (!(error instanceof PipelineError && error.retryable)) throw error;
    log.warn(`webhooks wait for the database: ${messageOf(error)}`);
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, options.pollMs);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function round(via: Agent): Promise<void> {
    for (const { id, ratePerSecond } of await endpointsWithDue(db)) {
      const lane = laneOf(id, via);
      lane.pace(ratePerSecond ?? options.ratePerSecond);
      lane.visit();
    }
    if (performance.now() - tidiedAt >= tidyEveryMs) {
      tidiedAt = performance.now();
      await tidy(db);
      metrics.pending.set(await countPending(db));
      for (const [state, n] of Object.entries(await countEndpoints(db))) metrics.endpoints.set({ state }, n);
    }
    if (performance.now() - deletedAt >= deleteEveryMs) {
      deletedAt = performance.now();
      await deleteOld(db, options.keepDays);
    }
  }

  function laneOf(endpointId: string, via: Agent): Lane {
    let lane = lanes.get(endpointId);
    if (lane === undefined) {
      lane = createLane({
        concurrency: options.concurrency,
        async take(limit) {
          const takenAt = performance.now();
          const all = await take(db, endpointId, limit, leaseMs);
          const [first] = all;
          if (first !== undefined) lanes.get(endpointId)?.pace(first.ratePerSecond ?? options.ratePerSecond);
          return all.map((taken) => ({ taken, takenAt }));
        },
        send: ({ taken, takenAt }) => send(via, taken, takenAt),
        failed(error) {
          try {
            orFail(error);
          } catch (cause) {
            fail(cause);
          }
        },
      });
      lanes.set(endpointId, lane);
    }
    return lane;
  }

  async function send(via: Agent, taken: Taken, takenAt: number): Promise<boolean> {
    // This process may have been stopped in between for so long that another one sends the delivery by now.
    if (performance.now() - takenAt > leaseMarginMs) return false;
    const { timeoutMs } = options;
    const attempt = await post(taken, taken, { dispatcher: via, policy, timeoutMs, stop: interrupt.signal });
    metrics.attempts.inc({ result: attempt.result });
    metrics.seconds.observe(attempt.seconds);
    const decision = decide(taken, attempt);
    try {
      await judge(taken, attempt);
      const waiting = await finishOne({ taken, attempt, decision });
      if (decision.state !== "pending") metrics.finished.inc({ state: decision.state });
      report(taken, attempt, decision);
      return waiting;
    } catch (error) {
      // The lease runs out and the delivery is sent again under the same id.
      log.warn({ delivery: String(taken.deliveryId) }, `an attempt could not be written down: ${messageOf(error)}`);
      return false;
    }
  }

  function decide(taken: Taken, attempt: Attempt): Decision {
    if (attempt.result === "delivered") return { state: "delivered" };
    if (attempt.result === "gone") return { state: "exhausted" };
    if (attempt.result === "interrupted") return { state: "pending", delayMs: 0 };
    const delayMs = delayAfter(schedule, taken.scheduled, attempt.retryAfterMs);
    return delayMs === undefined ? { state: "exhausted" } : { state: "pending", delayMs };
  }

  /** What an attempt says of its endpoint as a whole. */
  async function judge({ endpointId, failing }: Taken, { result, retryAfterMs }: Attempt): Promise<void> {
    if (result === "interrupted") return;
    if (result === "delivered") {
      if (failing) await noteSuccess(db, endpointId);
      return;
    }
    if (result === "gone") return disable(endpointId, "its receiver answered 410 Gone");
    if (retryAfterMs !== undefined && retryAfterMs > 0)
      await hold(db, endpointId, Math.min(retryAfterMs, longestHoldMs));
    const failingMs = await noteFailure(db, endpointId);
    const days = options.disableAfterDays;
    if (days > 0 && failingMs >= days * dayMs) await disable(endpointId, `every attempt has failed for ${days} days`);
  }

  async function disable(endpointId: string, reason: string): Promise<void> {
    if (!(await disableEndpoint(db, endpointId, reason))) return;
    log.error({ endpoint: endpointId }, `an endpoint is disabled: ${reason}`);
    look();
  }

  function report(taken: Taken, attempt: Attempt, decision: Decision): void {
    const facts = { endpoint: taken.endpointId, message: taken.id, attempt: taken.attempt, result: attempt.result };
    if (decision.state === "exhausted") log.error(facts, "an alert was not delivered; no attempt is left");
    else log.debug(facts, "webhook attempt");
  }
}

function senderMetrics(metrics: Metrics) {
  return {
    pending: metrics.gauge("hailstream_sinks_webhook_deliveries_pending", "Deliveries with an attempt before them."),
    endpoints: metrics.gauge(
      "hailstream_sinks_webhook_endpoints",
      "Endpoints by state: active, failing (active, and no attempt has succeeded since one failed), disabled.",
      ["state"],
    ),
    finished: metrics.counter("hailstream_sinks_webhook_deliveries_total", "Deliveries that ended, by how.", ["state"]),
    attempts: metrics.counter("hailstream_sinks_webhook_attempts_total", "POSTs to receivers, by result.", ["result"]),
    seconds: metrics.histogram(
      "hailstream_sinks_webhook_attempt_seconds",
      "Time from the start of a POST to the end of its answer.",
      secondsBuckets,
    ),
  };
}
