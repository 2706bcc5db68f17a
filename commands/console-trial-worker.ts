import { parentPort, workerData } from "node:worker_threads";
import type { Trial } from "../console/index.ts";
import {
  createLogger,
  logOptions,
  messageOf,
  type OptionSource,
  PipelineError,
  readOptions,
} from "../runtime/index.ts";
import { readRule } from "../stream/alerts/load-rules.ts";
import { createRules } from "../stream/index.ts";
import { attemptRules } from "./alerts-attempt.ts";
import { messageJson } from "./alerts-words.ts";
import { catalogueFrom } from "./catalogue.ts";

export type TrialTask = { readonly source: OptionSource; readonly text: string; readonly sinceMs: number };
export type TrialOutcome = { readonly result: Trial } | { readonly code: string; readonly message: string };

/** So many messages are told; more are a rule that wakes nobody any more. */
const most = 200;

async function work({ source, text, sinceMs }: TrialTask): Promise<TrialOutcome> {
  const began = performance.now();
  try {
    const catalogue = catalogueFrom(source);
    const { messages, heard, unreadable } = await attemptRules({
      ...{ source, catalogue, sinceMs },
      log: createLogger("console trial", readOptions(logOptions, source).level),
      load: (cityAt) => createRules([readRule("rule", text, catalogue, cityAt).rule]),
    });
    const told = messages.map(messageJson);
    return {
      result: {
        ...{ heard, unreadable, sinceMs, milliseconds: performance.now() - began, total: told.length },
        opened: told.filter(({ notification }) => notification === "opened").length,
        messages: told.slice(0, most).map((message) => ({
          ...{ at: Date.parse(message.time), notification: message.notification, cause: message.cause },
          ...{ severity: message.severity, summary: message.summary, labels: message.labels },
        })),
      },
    };
  } catch (error) {
    if (error instanceof PipelineError) return { code: error.code, message: messageOf(error) };
    throw error;
  }
}

parentPort?.postMessage(await work(workerData as TrialTask));
