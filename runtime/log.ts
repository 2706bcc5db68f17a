import { destination, type Logger, pino } from "pino";
import { z } from "zod";
import { defineOptions } from "./options.ts";

export type { Logger } from "pino";

export const logOptions = defineOptions("log", {
  level: {
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
    default: "info",
    description: "The least important log lines that are written; normal operation is silent above debug.",
  },
});

/**
 * JSON lines on standard error, if nothing else is said, since standard output belongs to results. Writes are synchronous below warn volume: a line
 * about a crash must be out before the process is.
 */
export function createLogger(
  name: string,
  level = "info",
  to: { write(line: string): void } = destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      name,
      level,
      base: { pid: process.pid },
      redact: ["apiKey", "password", "secret", "*.apiKey", "*.password", "*.secret"],
    },
    to,
  );
}

/** A logger that writes nothing, for tests and for callers that have none. */
export const silentLogger: Logger = pino({ level: "silent" });
