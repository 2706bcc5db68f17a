import { expect, test } from "vitest";
import { createLane, type Lane } from "../../../sinks/webhook/lane.ts";
import { eventually } from "../../support/wait.ts";

/** A lane over a list, whose attempts end when they are told to. */
function laneOver(queue: number[], options: { concurrency?: number; endAtOnce?: boolean } = {}) {
  const underWay = new Map<number, (waited: boolean) => void>();
  const sent: { readonly item: number; readonly at: number }[] = [];
  let most = 0;
  let takes = 0;
  const failures: unknown[] = [];
  const lane = createLane<number>({
    concurrency: options.concurrency ?? 3,
    async take(limit) {
      takes++;
      if (queue[0] === Number.POSITIVE_INFINITY) throw new Error("away");
      return queue.splice(0, limit);
    },
    send: (item) =>
      new Promise<boolean>((end) => {
        sent.push({ item, at: performance.now() });
        underWay.set(item, end);
        most = Math.max(most, underWay.size);
        if (options.endAtOnce === true) queueMicrotask(() => finish(item));
      }),
    failed: (error) => failures.push(error),
  });
  function finish(item: number, waited = false): void {
    underWay.get(item)?.(waited);
    underWay.delete(item);
  }
  return { lane, queue, sent, finish, failures, most: () => most, takes: () => takes };
}
function visit(lane: Lane, perSecond: number): void {
  lane.pace(perSecond);
  lane.visit();
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test("everything is sent in order, never more at a time than may be", async () => {
  const { lane, sent, most } = laneOver(upTo(100), { endAtOnce: true });
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(100));
  expect(sent.map(({ item }) => item)).toEqual(upTo(100));
  expect(most()).toBe(3);
});

test("a full lane takes nothing until an attempt has ended, and then goes on by itself", async () => {
  const { lane, sent, finish } = laneOver(upTo(5));
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(3));
  visit(lane, 1_000);
  expect(sent).toHaveLength(3);
  finish(1);
  await eventually(() => expect(sent).toHaveLength(4));
});

test("when nothing is left it asks again only if told, or if another one waited for the end", async () => {
  const { lane, queue, sent, finish, takes } = laneOver([0]);
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(1));
  const before = takes();
  queue.push(1);
  finish(0);
  await new Promise(setImmediate);
  expect(takes()).toBe(before);
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(2));
  queue.push(2);
  finish(1, true);
  await eventually(() => expect(sent).toHaveLength(3));
});

test("after as much as a second may have, the rate decides", async () => {
  const { lane, sent } = laneOver(upTo(30), { endAtOnce: true, concurrency: 100 });
  const began = performance.now();
  visit(lane, 20);
  await eventually(() => expect(sent).toHaveLength(30));
  // 20 at once; the last of the other ten has to wait for the tenth token.
  expect((sent[29]?.at ?? 0) - began).toBeGreaterThan(490);
});

test("a new rate holds from the next visit", async () => {
  const { lane, sent } = laneOver(upTo(10), { endAtOnce: true, concurrency: 100 });
  visit(lane, 0.01);
  await eventually(() => expect(sent).toHaveLength(1));
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(10));
  await lane.close();
});

test("a failed take is told, and the next visit tries again", async () => {
  const { lane, queue, sent, failures } = laneOver([Number.POSITIVE_INFINITY], { endAtOnce: true });
  visit(lane, 10);
  await eventually(() => expect(failures).toHaveLength(1));
  queue.splice(0, 1, 7);
  visit(lane, 10);
  await eventually(() => expect(sent.map(({ item }) => item)).toEqual([7]));
});

test("closed, it takes nothing more and waits for what is under way", async () => {
  const { lane, sent, finish } = laneOver(upTo(5));
  visit(lane, 1_000);
  await eventually(() => expect(sent).toHaveLength(3));
  let closed = false;
  const closing = lane.close().then(() => {
    closed = true;
  });
  for (const item of [0, 1]) finish(item);
  await new Promise(setImmediate);
  expect(closed).toBe(false);
  finish(2);
  await closing;
  visit(lane, 1_000);
  expect(sent).toHaveLength(3);
});
