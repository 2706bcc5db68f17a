import { messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { Service } from "./service.ts";

/** How a process ended: by a signal or a finished task (0), or since a service died (1). */
export type ProcessEnd = { readonly exitCode: 0 | 1; readonly reason: string };

/**
 * Runs a service until SIGINT, SIGTERM, the abort signal, or its failure; then stops it and says how it ended. A second
 * SIGINT or SIGTERM ends the process at once. The caller sets the exit code: nothing below main.ts exits the process.
 */
export async function runUntilStopped(service: Service, log: Logger, abort?: AbortSignal): Promise<ProcessEnd> {
  let finish: (end: ProcessEnd) => void = () => undefined;
  const ended = new Promise<ProcessEnd>((resolve) => {
    finish = resolve;
  });
  let signalled = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (signalled) process.kill(process.pid, "SIGKILL");
    signalled = true;
    finish({ exitCode: 0, reason: signal });
  };
  const onAbort = () => finish({ exitCode: 0, reason: "finished" });
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  abort?.addEventListener("abort", onAbort);
  if (abort?.aborted === true) onAbort();

  try {
    const started = service.start((cause) => {
      log.fatal({ err: cause }, `${service.name} failed: ${messageOf(cause)}`);
      finish({ exitCode: 1, reason: messageOf(cause) });
    });
    // A signal during a slow start stops it too, instead of waiting until everything is up.
    await Promise.race([started, ended]);
    const end = await ended;
    await service.stop();
    return end;
  } finally {
    await service.stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    abort?.removeEventListener("abort", onAbort);
  }
}
