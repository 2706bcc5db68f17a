import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry } from "prom-client";
import { PipelineError } from "./errors.ts";
import type { Metrics } from "./metrics.ts";
import { createService, type Service } from "./service.ts";

/**
 * One station as several processes that share a port: the first process starts the others, hands each new connection to one of them in
 * turn, and joins their metrics. A worker that dies takes all down, as any service does.
 */
export type Workers = Service & {
  /** What each worker said in {@link WorkerSide.ready}. */
  readonly said: readonly unknown[];
};

type ToPrimary = { readonly hailstream: "ready"; readonly said: unknown } | { readonly hailstream: "metrics" };
type ToWorker = { readonly hailstream: "stop" } | { readonly hailstream: "metrics"; readonly text: string };

/** How long a worker may take to end before it is killed. */
const stopTimeoutMs = 12_000;

/** The side of the first process. `start` resolves when every worker is ready. */
export function createWorkers(parts: { readonly name: string; readonly count: number }): Workers {
  const aggregator = new AggregatorRegistry();
  const running = new Map<number, Worker>();
  const said: unknown[] = [];
  let stopping = false;
  let everyoneEnded: () => void = () => undefined;

  const answerMetrics = (worker: Worker) =>
    aggregator
      .clusterMetrics()
      .catch((error: unknown) => `# ${String(error)}\n`)
      .then((text) => worker.isConnected() && worker.send({ hailstream: "metrics", text } satisfies ToWorker));

  const service = createService({
    name: parts.name,
    start: (fail) =>
      new Promise<void>((resolve, reject) => {
        for (let number = 1; number <= parts.count; number++) {
          const worker = cluster.fork();
          running.set(number, worker);
          worker.on("message", (message: ToPrimary) => {
            if (message.hailstream === "metrics") void answerMetrics(worker);
            if (message.hailstream !== "ready") return;
            said.push(message.said);
            if (said.length === parts.count) resolve();
          });
          worker.on("exit", (code, signal) => {
            running.delete(number);
            if (running.size === 0) everyoneEnded();
            if (stopping) return;
            const error = new PipelineError("worker_ended", { fields: { worker: number, ended: signal ?? code } });
            reject(error);
            fail(error);
          });
        }
      }),
    async stop() {
      stopping = true;
      if (running.size === 0) return;
      const ended = new Promise<void>((resolve) => {
        everyoneEnded = resolve;
      });
      // By message, not by signal: on Ctrl-C the terminal has signalled the workers already, and a second signal kills.
      for (const worker of running.values())
        if (worker.isConnected()) worker.send({ hailstream: "stop" } satisfies ToWorker);
      const cut = setTimeout(() => {
        for (const worker of running.values()) worker.process.kill("SIGKILL");
      }, stopTimeoutMs);
      await ended;
      clearTimeout(cut);
    },
  });
  return { ...service, said };
}

/** The side of a worker. */
export type WorkerSide = {
  /** 1 to the number of workers; the same after a restart. */
  readonly number: number;
  /** Aborted when the first process wants this one to stop. */
  readonly stop: AbortSignal;
  ready(said: unknown): void;
  /** The metrics of all workers together, in Prometheus's text format. */
  metricsText(): Promise<string>;
};

/** Undefined in a process that {@link createWorkers} did not start. Called once a process. */
export function joinWorkers(metrics: Metrics): WorkerSide | undefined {
  const { worker } = cluster;
  if (worker === undefined) return undefined;
  // The channel to the first process alone must not keep this one alive once its work has ended, or never began.
  process.channel?.unref();
  AggregatorRegistry.setRegistries(metrics.registry);
  // Answers the first process's questions for this one's metrics.
  new AggregatorRegistry();
  const stop = new AbortController();
  let waiting: ((text: string) => void)[] = [];
  worker.on("message", (message: ToWorker) => {
    if (message.hailstream === "stop") stop.abort();
    if (message.hailstream !== "metrics") return;
    const answered = waiting;
    waiting = [];
    for (const resolve of answered) resolve(message.text);
  });
  return {
    number: worker.id,
    stop: stop.signal,
    ready: (said) => void worker.send({ hailstream: "ready", said } satisfies ToPrimary),
    metricsText: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        worker.send({ hailstream: "metrics" } satisfies ToPrimary);
      }),
  };
}
