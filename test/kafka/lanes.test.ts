import { expect, test } from "vitest";
import { createLanes } from "../../kafka/lanes.ts";

/** Work that ends when it is told to, and what has started so far. */
function workshop() {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    started.push(name);
    return new Promise<void>((resolve) => ends.set(name, resolve));
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const end = async (name: string) => {
    ends.get(name)?.();
    await turn();
  };
  return { started, work, end, turn };
}

test("a lane does one piece after the other and takes one ahead", async () => {
  const { started, work, end, turn } = workshop();
  const lanes = createLanes(5);
  await lanes.enter("a", work("a1"));
  let entered = false;
  const second = lanes.enter("a", work("a2")).then(() => {
    entered = true;
  });
  await turn();
  expect([started, entered]).toEqual([["a1"], false]);
  await end("a1");
  await second;
  expect(started).toEqual(["a1", "a2"]);
  await end("a2");
  await lanes.drain();
});

test("no more lanes work at once than are allowed, and all get their turn in order", async () => {
  const { started, work, end } = workshop();
  const lanes = createLanes(2);
  for (const name of ["a", "b", "c", "d"]) await lanes.enter(name, work(name));
  expect(started).toEqual(["a", "b"]);
  await end("b");
  expect(started).toEqual(["a", "b", "c"]);
  await end("a");
  await end("c");
  expect(started).toEqual(["a", "b", "c", "d"]);
  await end("d");
  await lanes.drain();
});

test("drain waits for work that is waiting too", async () => {
  const { started, work, end, turn } = workshop();
  const lanes = createLanes(1);
  await lanes.enter("a", work("a1"));
  void lanes.enter("a", work("a2"));
  let drained = false;
  const drain = lanes.drain().then(() => {
    drained = true;
  });
  await end("a1");
  await turn();
  expect([started, drained]).toEqual([["a1", "a2"], false]);
  await end("a2");
  await drain;
});
