import { PipelineError } from "./errors.ts";

/**
 * The one contract of everything that runs.
 *
 * - `start` resolves when the service does its work and rejects when it cannot; it may be called once.
 * - `stop` is complete when it resolves: nothing of the service runs any more, every accepted piece of work is finished or
 *   handed back. It is safe before `start`, during `start` and twice.
 * - A service that dies after `start` calls `fail` once; whoever runs it ends the process, for a pipeline that has lost a
 *   part must not look healthy.
 */
export type Service = {
  readonly name: string;
  start(fail: (cause: unknown) => void): Promise<void>;
  stop(): Promise<void>;
};

/** What an author writes; {@link createService} adds the guarantees about order and repetition. */
export type ServiceParts = {
  readonly name: string;
  start(fail: (cause: unknown) => void): Promise<void> | void;
  stop(): Promise<void> | void;
};

/**
 * Wraps plain start and stop functions in the guarantees of {@link Service}: `stop` waits for a running `start`, runs the
 * author's `stop` at most once, and a failure after `stop` began is not reported.
 */
export function createService(parts: ServiceParts): Service {
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let failed = false;

  return {
    name: parts.name,
    start(fail) {
      if (starting !== undefined) throw new PipelineError("service_started_twice", { fields: { service: parts.name } });
      if (stopping !== undefined) return Promise.resolve();
      starting = (async () => {
        await parts.start((cause) => {
          if (failed || stopping !== undefined) return;
          failed = true;
          fail(cause);
        });
      })();
      return starting;
    },
    stop() {
      stopping ??= (async () => {
        if (starting === undefined) return;
        // A start that failed may have left half of its work behind, so the author's stop runs either way.
        await starting.catch(() => undefined);
        await parts.stop();
      })();
      return stopping;
    },
  };
}

/**
 * Several services as one: started in the given order, stopped in the reverse order. When one cannot start, those before
 * it are stopped again and the error is thrown on.
 */
export function composeServices(name: string, services: readonly Service[]): Service {
  const started: Service[] = [];
  const stopAll = async () => {
    const errors: unknown[] = [];
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      await service.stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  };
  return createService({
    name,
    async start(fail) {
      for (const service of services) {
        started.push(service);
        try {
          await service.start(fail);
        } catch (error) {
          await stopAll().catch(() => undefined);
          throw error;
        }
      }
    },
    stop: stopAll,
  });
}

/** Several services that do not need each other as one: started and stopped at the same time. */
export function together(name: string, services: readonly Service[]): Service {
  return createService({
    name,
    async start(fail) {
      const results = await Promise.allSettled(services.map((service) => service.start(fail)));
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    async stop() {
      await Promise.all(services.map((service) => service.stop()));
    },
  });
}
