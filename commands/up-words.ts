import { createLogger, createService, type Logger, type Service } from "../runtime/index.ts";
import { type CommandContext, say } from "./command.ts";

type Line = { readonly level: number; readonly msg?: string; readonly err?: { readonly message?: string } };

/** The log of `up`: JSON lines for programs, and one short line each for a person at a terminal, above the live summary. */
export function createUpLogger(level: string, { stderr }: CommandContext): Logger {
  if (stderr.isTTY !== true) return createLogger("up", level);
  return createLogger("up", level, {
    write(text) {
      stderr.write(`\r\u001b[K${describeLine(JSON.parse(text) as Line, new Date())}\n`);
    },
  });
}

/** A log line in words: when, how bad, what, and why. */
export function describeLine({ level, msg = "", err }: Line, at: Date): string {
  const weight = level >= 50 ? "error: " : level >= 40 ? "warning: " : "";
  const why = err?.message === undefined || msg.includes(err.message) ? "" : `: ${err.message}`;
  return `${at.toTimeString().slice(0, 8)}  ${weight}${msg}${why}`;
}

/** Says what comes next, since it may take some seconds. */
export function announce(context: CommandContext, line: string): Service {
  return createService({ name: "words", start: () => say(context, line), stop: () => undefined });
}

/** `a, b and c` */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
