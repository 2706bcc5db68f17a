import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createService, type Logger, PipelineError, type Service } from "../runtime/index.ts";
import type { Environment } from "./artefacts.ts";
import { lastLines, openLog, readLog } from "./log-file.ts";
import { endMarked, signal, writeMark } from "./process-identity.ts";

/** One program that runs as a child. */
export type ChildSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd?: string;
  /** Takes both outputs of the child. */
  readonly logFile: string;
  /** Marks the running child, so that a later start finds one that was left behind. */
  readonly pidFile: string;
  /** The polite request to stop. */
  readonly stopSignal?: "SIGINT" | "SIGTERM";
  /** When it is followed by SIGKILL. */
  readonly stopTimeoutMs?: number;
  readonly readyTimeoutMs?: number;
  /** How many times a first start may be tried when the child ends before it is ready; once by default. */
  readonly startAttempts?: number;
  /** How many starts in a row may fail after a first good one before the service gives up; for ever by default. */
  readonly maxFailedRestarts?: number;
  /** Runs before each start: what must be free, or cleared away. */
  beforeStart?(): Promise<void>;
  /** Asked again and again until true; `written` gives what the child has logged since its start. */
  isReady(run: { readonly written: () => string; readonly pid: number }): Promise<boolean> | boolean;
  /** The error that the log of a failed start names, when it is a known one. */
  explain?(written: string): PipelineError | undefined;
};

export type ChildState = "stopped" | "starting" | "ready" | "restarting";

/** A supervised child: started again with back-off when it ends by itself. */
export type ChildService = Service & {
  readonly state: ChildState;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Ends the child at once, without waiting. For a forced end of the whole program. */
  kill(): void;
};

type Run = { readonly child: ChildProcess; readonly pid: number; readonly exited: Promise<string>; ended: boolean };

const probeEveryMs = 40;
const firstBackoffMs = 200;
const lastBackoffMs = 10_000;
/** A child that lived this long has earned a quick restart again. */
const settledMs = 30_000;

/**
 * Runs one program as a {@link Service}: ready when its own condition holds, started again with growing pauses when it ends
 * unasked, ended by its stop signal and then by force. The child leads a process group of its own, so a Ctrl-C in the
 * terminal reaches only the supervisor, which stops the parts in their order. `abort` ends a start under way.
 * @throws PipelineError local_start_failed with the last log lines, or what `explain` finds in them.
 */
export function createChildService(spec: ChildSpec, log: Logger, abort?: AbortSignal): ChildService {
  let run: Run | undefined;
  let state: ChildState = "stopped";
  let restarts = 0;
  let supervision: Promise<void> | undefined;
  const stopping = new AbortController();
  const isOver = () => stopping.signal.aborted || abort?.aborted === true;

  async function startOnce(): Promise<Run> {
    await spec.beforeStart?.();
    const { descriptor, start } = openLog(spec.logFile);
    const next = launch(spec, descriptor);
    closeSync(descriptor);
    run = next;
    const written = () => readLog(spec.logFile, start);
    const deadline = Date.now() + (spec.readyTimeoutMs ?? 60_000);
    while (!isOver()) {
      if (next.ended) throw startFailed(spec, await next.exited, written());
      if (await spec.isReady({ written, pid: next.pid })) return next;
      if (Date.now() > deadline) {
        await end(next, spec);
        throw startFailed(spec, "it was not ready in time", written());
      }
      await Promise.race([sleep(probeEveryMs), next.exited]);
    }
    await end(next, spec);
    throw new PipelineError("local_start_failed", { message: `The start of ${spec.name} was broken off` });
  }

  async function supervise(fail: (cause: unknown) => void): Promise<void> {
    let failures = 0;
    while (run !== undefined && !isOver()) {
      const since = Date.now();
      const reason = await run.exited;
      if (isOver()) return;
      failures = Date.now() - since > settledMs ? 0 : failures;
      state = "restarting";
      log.warn(
        { part: spec.name, reason, log: spec.logFile },
        `${spec.name} ended unasked (${reason}) and is started again`,
      );
      while (!isOver()) {
        await pause(failures === 0 ? 0 : Math.min(lastBackoffMs, firstBackoffMs * 2 ** failures), stopping.signal);
        if (isOver()) return;
        try {
          await startOnce();
          state = "ready";
          restarts += 1;
          failures += 1;
          log.info({ part: spec.name, restarts }, `${spec.name} runs again`);
          break;
        } catch (error) {
          if (isOver()) return;
          failures += 1;
          log.error({ part: spec.name, err: error }, `${spec.name} did not start again`);
          if (failures >= (spec.maxFailedRestarts ?? Number.POSITIVE_INFINITY)) return fail(error);
        }
      }
    }
  }

  const service = createService({
    name: spec.name,
    async start(fail) {
      mkdirSync(dirname(spec.pidFile), { recursive: true });
      const leftover = await endMarked(spec.pidFile);
      if (leftover !== undefined) {
        log.warn({ part: spec.name, pid: leftover }, `A ${spec.name} of an earlier run was still there and was ended`);
      }
      state = "starting";
      for (let attempt = 1; ; attempt += 1) {
        try {
          await startOnce();
          break;
        } catch (error) {
          if (attempt >= (spec.startAttempts ?? 1) || isOver() || !mayPass(error)) throw error;
          log.warn({ part: spec.name, attempt }, `${spec.name} did not start; it is tried again`);
          await pause(firstBackoffMs * 2 ** attempt, stopping.signal);
        }
      }
      state = "ready";
      supervision = supervise(fail);
    },
    async stop() {
      stopping.abort();
      if (run !== undefined) await end(run, spec);
      await supervision;
      // A restart may have been under way when the stop began.
      if (run !== undefined) await end(run, spec);
      state = "stopped";
      rmSync(spec.pidFile, { force: true });
    },
  });
  return Object.defineProperties(service, {
    state: { get: () => state },
    pid: { get: () => (run === undefined || run.ended ? undefined : run.pid) },
    restarts: { get: () => restarts },
    kill: {
      value: () => {
        stopping.abort();
        if (run !== undefined && !run.ended) signal(run.pid, "SIGKILL");
      },
    },
  }) as ChildService;
}

function launch(spec: ChildSpec, descriptor: number): Run {
  const child = spawn(spec.command, [...spec.args], {
    env: { ...spec.env },
    stdio: ["ignore", descriptor, descriptor],
    detached: true,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`));
    child.once("error", (error) => resolve(error.message));
  });
  const run: Run = { child, pid: child.pid ?? 0, exited, ended: false };
  void exited.then(() => {
    run.ended = true;
  });
  if (child.pid !== undefined) {
    writeMark(spec.pidFile, child.pid, { stopSignal: spec.stopSignal ?? "SIGTERM" });
  }
  return run;
}

async function end(run: Run, spec: ChildSpec): Promise<void> {
  if (run.ended) return;
  signal(run.pid, spec.stopSignal ?? "SIGTERM");
  const force = setTimeout(() => signal(run.pid, "SIGKILL"), spec.stopTimeoutMs ?? 10_000);
  await run.exited;
  clearTimeout(force);
}

function startFailed(spec: ChildSpec, reason: string, written: string): PipelineError {
  if (spec.command.endsWith("java") && reason.includes("ENOENT")) {
    return new PipelineError("local_java_unusable", { message: `There is no Java to run ${spec.name}` });
  }
  const known = spec.explain?.(written);
  if (known !== undefined) return known;
  const message = `${spec.name} did not start\n${lastLines(written, 8)}\n`;
  return new PipelineError("local_start_failed", { message, fields: { reason, log: spec.logFile } });
}

/** Whether another try makes sense: not after a refused option (exit code 2) or a cause that was recognised. */
function mayPass(error: unknown): boolean {
  return PipelineError.is(error, "local_start_failed") && error.fields.reason !== "exit code 2";
}

async function pause(milliseconds: number, over: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal: over }).catch(() => undefined);
}
