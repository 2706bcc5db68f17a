import { expect, test } from "vitest";
import { actText, filterOfQuery } from "../../console/page/refused/act-words.ts";
import type { Act, Ended, Order, Progress } from "../../console/refused/act-shapes.ts";
import { createActs } from "../../console/refused/acts.ts";
import { PipelineError, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";

const order: Order = { deed: "redrive", dryRun: false, by: "Ada", filter: { kinds: ["dead"] } };
const at = (done: number): Progress => ({ total: 10, done, good: done, bad: 0, skipped: {} });

/** Work that goes on until it is told to end, or to stop. */
function workshop() {
  const begun: { end(ended?: Partial<Ended>): void; fail(error: unknown): void; tell(progress: Progress): void }[] = [];
  const acts = createActs(
    {
      act: (_order, quit, onProgress) =>
        new Promise((resolve, reject) => {
          const end = (ended: Partial<Ended> = {}) =>
            resolve({ progress: at(10), outcomes: [], interrupted: false, ...ended });
          quit.addEventListener("abort", () => end({ progress: at(3), interrupted: true }));
          begun.push({ end, fail: reject, tell: onProgress });
        }),
    },
    silentLogger,
  );
  return { acts, begun };
}

test("an order is one act, however often it comes, and by whomever while it goes on", async () => {
  const { acts, begun } = workshop();
  expect(acts.begin("a", order).id).toBe("a");
  expect(acts.begin("a", order).id).toBe("a");
  expect(acts.begin("b", { ...order, by: "Bob" }).id).toBe("a");
  expect(acts.begin("c", { ...order, dryRun: true }).id).toBe("c");
  expect(begun).toHaveLength(2);
  begun[0]?.end();
  await eventually(() => expect(acts.find("a").state).toBe("done"));
  // It has ended: the same press is still the same, another one is another.
  expect(acts.begin("a", order).id).toBe("a");
  expect(acts.begin("d", order).id).toBe("d");
  acts.begin("e", { ...order, deed: "replay" });
  expect(() => acts.begin("f", { ...order, deed: "fix" })).toThrow(PipelineError);
  expect(() => acts.find("f")).toThrow("No such act");
});

test("who follows hears the state, every change and the end", async () => {
  const { acts, begun } = workshop();
  acts.begin("a", order);
  const heard: Act[] = [];
  const leave = acts.follow("a", (act) => void heard.push(act));
  begun[0]?.tell(at(4));
  begun[0]?.end({ outcomes: [{ id: "sinks:1", outcome: "failed", code: "store_rejected", message: null }] });
  await eventually(() => expect(heard.at(-1)?.state).toBe("done"));
  expect(heard.map(({ done, state }) => [done, state])).toEqual([
    [0, "running"],
    [4, "running"],
    [10, "done"],
  ]);
  leave();
});

test("a stop ends it behind what is under way, the end of the process stops all, and a failure is told with its remedy", async () => {
  const { acts, begun } = workshop();
  await acts.start(() => undefined);
  acts.begin("a", order);
  expect(acts.cancel("a").state).toBe("stopping");
  await eventually(() => expect(acts.find("a")).toMatchObject({ state: "stopped", done: 3 }));
  expect(acts.cancel("a").state).toBe("stopped");
  acts.begin("b", order);
  begun[1]?.fail(new PipelineError("dlq_running"));
  await eventually(() => expect(acts.find("b")).toMatchObject({ state: "failed" }));
  expect(acts.find("b").trouble).toContain("[dlq_running]");
  acts.begin("c", order);
  await acts.stop();
  expect(acts.find("c").state).toBe("stopped");
});

test("a sentence says what came of an act", () => {
  const act = {
    deed: "redrive",
    dryRun: false,
    state: "done",
    total: 40,
    done: 40,
    good: 38,
    bad: 2,
    skipped: {},
  } as const;
  expect(actText(act)).toBe("40 events: 38 redriven, 2 failed again.");
  expect(actText({ ...act, dryRun: true, bad: 0, good: 40 })).toBe(
    "40 events: 40 would be redriven. Nothing was changed.",
  );
  expect(actText({ ...act, state: "stopped", done: 10, good: 10, bad: 0 })).toBe("10 of 40 events: 10 redriven.");
  expect(actText({ ...act, deed: "replay", state: "running", done: 3, good: 0, bad: 0 })).toBe("3 of 40 events.");
  expect(actText({ ...act, total: 1, done: 1, good: 0, bad: 0, skipped: { dlq_rows_behind: 1 } })).toBe(
    "1 event: 0 redriven, 1 left alone.",
  );
  expect(actText({ ...act, total: 0, done: 0 })).toContain("Nothing is left to do");
  expect(actText({ ...act, state: "running", total: 0, done: 0 })).toContain("Looking for");
});

test("an order is for what the address wants and waits", () => {
  const query = new URLSearchParams("kind=dead&code=a&code=b&state=all&act=1&before=sinks%3A4");
  expect(filterOfQuery(query)).toEqual({ kind: "dead", code: ["a", "b"], state: "waiting" });
});
