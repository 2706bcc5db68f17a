import { createService, type Logger, messageOf, PipelineError, type Service } from "../../runtime/index.ts";
import type { Act, Order, Progress } from "./act-shapes.ts";
import type { RefusedPort } from "./port.ts";

export type Acts = Service & {
  /**
   * Begins what is ordered. Ordered again under the same id, or by anybody while just the same is under way, it is the act that there is: pressed twice is once.
   * @throws PipelineError console_acts_too_many
   */
  begin(id: string, order: Order): Act;
  /** @throws PipelineError console_act_unknown */
  find(id: string): Act;
  /** Those that are under way, and the last that have ended, the newest first. */
  list(): readonly Act[];
  /** Ends it behind what is under way; what is done stays done. @throws PipelineError console_act_unknown */
  cancel(id: string): Act;
  /** Hears of every change, at once of the state; the result ends it. @throws PipelineError console_act_unknown */
  follow(id: string, onChange: (act: Act) => void): () => void;
};

type Running = {
  act: Act;
  readonly same: string;
  readonly quit: AbortController;
  readonly followers: Set<(act: Act) => void>;
};

/** Each holds some connections to the database. */
const mostAtOnce = 3;
const kept = 50;
const nothing: Progress = { total: 0, done: 0, good: 0, bad: 0, skipped: {} };

/** What people do about refused events, one after the other's order, while the process runs; the records of it are the port's. */
export function createActs(port: Pick<RefusedPort, "act">, log: Logger): Acts {
  const all = new Map<string, Running>();
  const working = new Set<Promise<void>>();

  function get(id: string): Running {
    const running = all.get(id);
    if (running === undefined) throw new PipelineError("console_act_unknown");
    return running;
  }

  function change(running: Running, changes: Partial<Act>): void {
    running.act = { ...running.act, ...changes };
    for (const follower of running.followers) follower(running.act);
  }

  async function work(running: Running, order: Order): Promise<void> {
    try {
      const { progress, outcomes, interrupted } = await port.act(order, running.quit.signal, (now) =>
        change(running, now),
      );
      change(running, { ...progress, outcomes, ended: Date.now(), state: interrupted ? "stopped" : "done" });
    } catch (error) {
      if (!(error instanceof PipelineError))
        log.warn({ err: error }, `a deed of the console failed: ${messageOf(error)}`);
      const trouble =
        error instanceof PipelineError ? `${error.message} ${error.remedy} [${error.code}]` : messageOf(error);
      change(running, { ended: Date.now(), state: "failed", trouble });
    }
  }

  const service = createService({
    name: "acts",
    start: () => undefined,
    async stop() {
      for (const { quit } of all.values()) quit.abort();
      await Promise.all(working);
    },
  });
  return Object.assign(service, {
    begin(id: string, order: Order) {
      const { by, ...wish } = order;
      const same = JSON.stringify(wish);
      const running = [...all.values()].filter(({ act }) => act.ended === null);
      const known = all.get(id) ?? running.find((each) => each.same === same && each.act.state === "running");
      if (known !== undefined) return known.act;
      if (running.length >= mostAtOnce) throw new PipelineError("console_acts_too_many");
      const act: Act = {
        ...{ id, deed: order.deed, dryRun: order.dryRun, by, began: Date.now(), ended: null, state: "running" },
        ...{ ...nothing, trouble: null, outcomes: [] },
      };
      const begun: Running = { act, same, quit: new AbortController(), followers: new Set() };
      all.set(id, begun);
      for (const [old, { act: ended }] of all) if (all.size > kept && ended.ended !== null) all.delete(old);
      const done = work(begun, order).finally(() => working.delete(done));
      working.add(done);
      return begun.act;
    },
    find: (id: string) => get(id).act,
    list: () => [...all.values()].map(({ act }) => act).reverse(),
    cancel(id: string) {
      const running = get(id);
      if (running.act.ended === null) {
        change(running, { state: "stopping" });
        running.quit.abort();
      }
      return running.act;
    },
    follow(id: string, onChange: (act: Act) => void) {
      const { act, followers } = get(id);
      onChange(act);
      followers.add(onChange);
      return () => void followers.delete(onChange);
    },
  });
}
