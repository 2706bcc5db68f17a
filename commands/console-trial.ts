import { Worker } from "node:worker_threads";
import type { AlertsPort } from "../console/index.ts";
import { type ErrorCode, type OptionSource, PipelineError } from "../runtime/index.ts";
import type { TrialOutcome, TrialTask } from "./console-trial-worker.ts";

/** After so long a trial is ended: whoever waits for it is a person. */
const patienceMs = 60_000;
/** A window over many labels may hold much. */
const mostMb = 512;

/**
 * Tries rules on what has arrived, in a thread of its own: millions of events may be read, and those who look at the console shall not wait for that. One at a time;
 * the others wait their turn. The result rejects with alert_rule_invalid, or console_trial_ended.
 */
export function consoleTrials({ flags = {}, env }: OptionSource): AlertsPort["tryRule"] {
  const source = { flags, env: { ...env } };
  let last: Promise<unknown> = Promise.resolve();
  return (text, sinceMs) => {
    const trial = last.then(() => run({ source, text, sinceMs }));
    last = trial.catch(() => undefined);
    return trial;
  };
}

async function run(task: TrialTask) {
  const worker = new Worker(new URL("./console-trial-worker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: mostMb },
  });
  try {
    const outcome = await new Promise<TrialOutcome>((resolve, reject) => {
      const ended = (why: string) => reject(new PipelineError("console_trial_ended", { message: why }));
      const timer = setTimeout(() => ended(`It was not done within ${patienceMs / 1_000} s.`), patienceMs);
      worker.once("message", resolve);
      worker.once("error", (error) => ended(error.message));
      worker.once("exit", () => {
        clearTimeout(timer);
        ended("Its thread ended.");
      });
    });
    if ("result" in outcome) return outcome.result;
    throw new PipelineError(outcome.code as ErrorCode, { message: outcome.message });
  } finally {
    await worker.terminate();
  }
}
