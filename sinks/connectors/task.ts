import { type Logger, messageOf, type Service } from "../../runtime/index.ts";

/** Kafka Connect's states of a task, as far as they occur here. */
export type TaskState = "UNASSIGNED" | "RUNNING" | "PAUSED" | "FAILED" | "RESTARTING";

/** What a task tells of itself. */
export type TaskReport = {
  readonly state: TaskState;
  /** The first error since it last ran well: what fails afterwards is often only a consequence. */
  readonly trace: string | undefined;
  /** How often it has failed since then. */
  readonly failures: number;
};

export type Task = {
  readonly report: TaskReport;
  /** What the trace of the report was made from. */
  readonly firstError: unknown;
  /** Runs the connector's part in this process. Resolves when it runs, or has failed and will be tried again. */
  start(): Promise<void>;
  /** Complete when nothing of it runs any more; safe at any time and twice. */
  stop(): Promise<void>;
};

export type TaskParts = {
  readonly name: string;
  /** Makes the service anew for each attempt: a service starts once. */
  build(): Service;
  readonly log: Logger;
  /** Hears of each change of the report. */
  onChange(): void;
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
  /** After this long without a failure the former ones are forgotten. */
  readonly healedAfterMs?: number;
};

/**
 * One connector in one process: a failure ends neither the process nor the other connectors. It is tried again, first after a second and then after twice as long
 * each time, up to a minute.
 */
export function createTask(parts: TaskParts): Task {
  const { log, firstBackoffMs = 1_000, longestBackoffMs = 60_000, healedAfterMs = 300_000 } = parts;
  let report: TaskReport = { state: "UNASSIGNED", trace: undefined, failures: 0 };
  let firstError: unknown;
  let service: Service | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let ending: Promise<void> = Promise.resolve();

  return {
    get report() {
      return report;
    },
    get firstError() {
      return firstError;
    },
    start: attempt,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await service?.stop().catch((error: unknown) => log.warn({ err: error }, `${parts.name} did not stop in order`));
      await ending;
    },
  };

  async function attempt(): Promise<void> {
    if (stopped) return;
    let isOver = false;
    // A service may both fail and not start, for the same reason.
    const end = (cause: unknown): Promise<void> => {
      if (isOver) return ending;
      isOver = true;
      return failed(cause);
    };
    try {
      const built = parts.build();
      service = built;
      await built.start((cause) => void end(cause));
    } catch (error) {
      // Not until the next attempt: whoever starts a task wants to know about this one.
      void end(error);
      return;
    }
    if (stopped || isOver) return;
    change({ ...report, state: "RUNNING" });
    timer = setTimeout(() => change({ state: "RUNNING", trace: undefined, failures: 0 }), healedAfterMs).unref();
  }

  function failed(cause: unknown): Promise<void> {
    if (stopped) return Promise.resolve();
    clearTimeout(timer);
    if (report.trace === undefined) firstError = cause;
    const trace = report.trace ?? traceOf(cause);
    const failures = report.failures + 1;
    const waitMs =
      Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(20, failures - 1)) * (0.8 + Math.random() / 5);
    log.error(
      { err: cause, failures, retryMs: Math.round(waitMs) },
      `the connector ${parts.name} failed: ${messageOf(cause)}`,
    );
    change({ state: "FAILED", trace, failures });
    const broken = service;
    ending = (async () => {
      await broken?.stop().catch(() => undefined);
      if (stopped) return;
      timer = setTimeout(() => {
        change({ ...report, state: "RESTARTING" });
        ending = attempt();
      }, waitMs);
    })();
    return ending;
  }

  function change(next: TaskReport): void {
    report = next;
    parts.onChange();
  }
}

const longestTrace = 8_000;

function traceOf(cause: unknown): string {
  const lines: string[] = [];
  for (let error = cause; error !== undefined; error = error instanceof Error ? error.cause : undefined) {
    lines.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return lines.join("\nCaused by: ").slice(0, longestTrace);
}
