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
  const onAbort = () => finish({ exitCode: 0, reason: "finished" });
  const endSignals = onStopSignals((signal, again) => {
    if (again) process.kill(process.pid, "SIGKILL");
    finish({ exitCode: 0, reason: signal });
  });
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
    endSignals();
    abort?.removeEventListener("abort", onAbort);
  }
}

/** Services promise to be done within this time. */
const lastBreathMs = 10_000;

/**
 * {@link runUntilStopped} for a process that has partitions of consumer groups. Once a part of it has failed it is gone after `breathMs`, by force if need be:
 * as long as it lives its membership may live, and nobody else gets what it has.
 */
export async function runStation(service: Service, log: Logger, breathMs = lastBreathMs): Promise<ProcessEnd> {
  const guarded: Service = {
    name: service.name,
    start: (fail) =>
      service.start((cause) => {
        setTimeout(() => process.kill(process.pid, "SIGKILL"), breathMs).unref();
        fail(cause);
      }),
    stop: () => service.stop(),
  };
  return runUntilStopped(guarded, log);
}

/** What comes within this time of the first signal is the same wish: npm hands on the Ctrl-C that the terminal gave to all. */
const sameWishMs = 300;

/**
 * Calls `onSignal` at the first SIGINT or SIGTERM, and with `again` at every later one, which is from somebody who does not want to
 * wait. Gives what ends the listening.
 */
export function onStopSignals(onSignal: (signal: NodeJS.Signals, again: boolean) => void): () => void {
  let firstAt: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (firstAt !== undefined && now - firstAt < sameWishMs) return;
    const again = firstAt !== undefined;
    firstAt ??= now;
    onSignal(signal, again);
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}
