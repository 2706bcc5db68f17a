import { expect, test } from "vitest";
import { createService, type Service, silentLogger } from "../../../runtime/index.ts";
import { createTask } from "../../../sinks/connectors/task.ts";
import { eventually } from "../../support/wait.ts";

type Attempt = { fail(cause: unknown): void; stopped: boolean };

/** A task whose attempts start as `outcomes` say, one each; an error fails the start. */
function playedTask(outcomes: readonly (Error | undefined)[], healedAfterMs = 60_000) {
  const attempts: Attempt[] = [];
  const states: string[] = [];
  const task = createTask({
    name: "played",
    build(): Service {
      const attempt: Attempt = { fail: () => undefined, stopped: false };
      const outcome = outcomes[attempts.push(attempt) - 1];
      return createService({
        name: "played",
        start(fail) {
          attempt.fail = fail;
          if (outcome !== undefined) throw outcome;
        },
        stop() {
          attempt.stopped = true;
        },
      });
    },
    log: silentLogger,
    onChange: () => void states.push(task.report.state),
    firstBackoffMs: 5,
    longestBackoffMs: 20,
    healedAfterMs,
  });
  return { task, attempts, states };
}

test("a failed task is tried again until it runs, and keeps the trace of the first error", async () => {
  const first = new Error("the disk is full", { cause: new Error("ENOSPC") });
  const { task, attempts, states } = playedTask([first, new Error("still"), undefined]);
  await task.start();
  await eventually(() => expect(task.report.state).toBe("RUNNING"));
  expect(attempts).toHaveLength(3);
  expect(attempts.map(({ stopped }) => stopped)).toEqual([true, true, false]);
  expect(states).toEqual(["FAILED", "RESTARTING", "FAILED", "RESTARTING", "RUNNING"]);
  expect(task.report.failures).toBe(2);
  expect(task.report.trace).toMatch(/^Error: the disk is full\n[\s\S]*Caused by: Error: ENOSPC/);
  expect(task.firstError).toBe(first);
  attempts[2]?.fail(new Error("later"));
  await eventually(() => expect(attempts).toHaveLength(4));
  expect(task.report.trace).toContain("the disk is full");
  await task.stop();
  expect(attempts[3]?.stopped).toBe(true);
});

test("a task that has run well for a while has forgotten its failures", async () => {
  const { task } = playedTask([new Error("once"), undefined], 20);
  await task.start();
  await eventually(() => expect(task.report).toEqual({ state: "RUNNING", trace: undefined, failures: 0 }));
  await task.stop();
});

test("a service that both fails and does not start has failed once", async () => {
  const attempts: number[] = [];
  const task = createTask({
    name: "twice",
    build: () =>
      createService({
        name: "twice",
        start(fail) {
          if (attempts.push(attempts.length) > 1) return;
          fail(new Error("crashed"));
          throw new Error("crashed");
        },
        stop: () => undefined,
      }),
    log: silentLogger,
    onChange: () => undefined,
    firstBackoffMs: 5,
  });
  await task.start();
  await eventually(() => expect(task.report.state).toBe("RUNNING"));
  expect(task.report.failures).toBe(1);
  expect(attempts).toHaveLength(2);
  await task.stop();
});

test("a task that is stopped while it waits for its next attempt makes none", async () => {
  const { task, attempts } = playedTask([new Error("no")]);
  await task.start();
  await task.stop();
  await task.stop();
  expect(attempts).toHaveLength(1);
  expect(task.report.state).toBe("FAILED");
});
