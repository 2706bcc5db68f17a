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
import { countPending, type Decision, endpointsWithDue, finish, type Taken, take } from "./deliveries.ts";
import { createGuardedAgent, type Resolve } from "./guarded-agent.ts";
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

/** A lease outlives the attempt by this much: time to write the result down. */
const leaseMarginMs = 5_000;
/** How long `stop` lets attempts end by themselves. */
const drainMs = 5_000;
const countEveryMs = 5_000;

/**
 * Sends what is due, at most `concurrency` at a time to each endpoint, so that a receiver that hangs delays nobody else. Any number of
 * senders may run on one database. Each delivery is sent at least once; every repetition has the same webhook-id.
 */
export function createSender(parts: SenderParts): Service & { wake(): void } {
  const { db, options, log } = parts;
  const policy = policyOf(options);
  const schedule = scheduleOf(options);
  const leaseMs = options.timeoutMs + leaseMarginMs;
  const metrics = senderMetrics(parts.metrics);
  const underWay = new Map<string, number>();
  const attempts = new Set<Promise<void>>();
  const interrupt = new AbortController();
  let agent: Agent | undefined;
  let stopping = false;
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeUp: () => void = () => undefined;
  let countedAt = Number.NEGATIVE_INFINITY;

  const service = createService({
    name: "webhook sender",
    start(fail) {
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
      await Promise.all(attempts);
      clearTimeout(cut);
      await agent?.destroy();
    },
  });
  return Object.assign(service, { wake });

  /** Looks for due deliveries now instead of at the next poll. */
  function wake(): void {
    woken = true;
    wakeUp();
  }

  async function run(via: Agent): Promise<void> {
    while (!stopping) {
      woken = false;
      try {
        await round(via);
      } catch (error) {
        if (!(error instanceof PipelineError && error.retryable)) throw error;
        log.warn(`webhooks wait for the database: ${messageOf(error)}`);
      }
      if (!woken && !stopping) await pause();
    }
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
    const due = await endpointsWithDue(db);
    await Promise.all(
      due.map(async (endpointId) => {
        const free = options.concurrency - (underWay.get(endpointId) ?? 0);
        if (free <= 0) return;
        const takenAt = performance.now();
        for (const taken of await take(db, endpointId, free, leaseMs)) begin(via, taken, takenAt);
      }),
    );
    if (performance.now() - countedAt >= countEveryMs) {
      countedAt = performance.now();
      metrics.pending.set(await countPending(db));
    }
  }

  function begin(via: Agent, taken: Taken, takenAt: number): void {
    underWay.set(taken.endpointId, (underWay.get(taken.endpointId) ?? 0) + 1);
    const attempt = send(via, taken, takenAt).finally(() => {
      const left = (underWay.get(taken.endpointId) ?? 1) - 1;
      if (left === 0) underWay.delete(taken.endpointId);
      else underWay.set(taken.endpointId, left);
      attempts.delete(attempt);
      wake();
    });
    attempts.add(attempt);
  }

  async function send(via: Agent, taken: Taken, takenAt: number): Promise<void> {
    // This process may have been stopped in between for so long that another one sends the delivery by now.
    if (performance.now() - takenAt > leaseMarginMs) return;
    const { timeoutMs } = options;
    const attempt = await post(taken, taken, { dispatcher: via, policy, timeoutMs, stop: interrupt.signal });
    metrics.attempts.inc({ result: attempt.result });
    metrics.seconds.observe(attempt.seconds);
    const decision = decide(taken, attempt);
    try {
      await finish(db, taken, attempt, decision);
      if (decision.state !== "pending") metrics.finished.inc({ state: decision.state });
      report(taken, attempt, decision);
    } catch (error) {
      // The lease runs out and the delivery is sent again under the same id.
      log.warn({ delivery: String(taken.deliveryId) }, `an attempt could not be written down: ${messageOf(error)}`);
    }
  }

  function decide(taken: Taken, attempt: Attempt): Decision {
    if (attempt.result === "delivered") return { state: "delivered" };
    if (attempt.result === "gone") return { state: "exhausted" };
    if (attempt.result === "interrupted") return { state: "pending", delayMs: 0 };
    const delayMs = delayAfter(schedule, taken.attempt, attempt.retryAfterMs);
    return delayMs === undefined ? { state: "exhausted" } : { state: "pending", delayMs };
  }

  function report(taken: Taken, attempt: Attempt, decision: Decision): void {
    const facts = { endpoint: taken.endpointId, message: taken.id, attempt: taken.attempt, result: attempt.result };
    if (attempt.result === "gone") log.warn(facts, "a receiver answered 410: its endpoint is disabled");
    else if (decision.state === "exhausted") log.error(facts, "an alert was not delivered; no attempt is left");
    else log.debug(facts, "webhook attempt");
  }
}

function senderMetrics(metrics: Metrics) {
  return {
    pending: metrics.gauge("hailstream_sinks_webhook_deliveries_pending", "Deliveries with an attempt before them."),
    finished: metrics.counter("hailstream_sinks_webhook_deliveries_total", "Deliveries that ended, by how.", ["state"]),
    attempts: metrics.counter("hailstream_sinks_webhook_attempts_total", "POSTs to receivers, by result.", ["result"]),
    seconds: metrics.histogram(
      "hailstream_sinks_webhook_attempt_seconds",
      "Time from the start of a POST to the end of its answer.",
      secondsBuckets,
    ),
  };
}
