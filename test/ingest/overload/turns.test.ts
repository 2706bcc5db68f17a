import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTurns } from "../../../ingest/overload/turns.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const work = (ms: number) => void vi.advanceTimersByTime(ms);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("requests of one turn begin at once while the turn is short", async () => {
  const turns = createTurns({ turnMs: 50, smallBytes: 10 });
  for (let i = 0; i < 5; i++) expect(turns.wait(100)).toBeUndefined();
  await nextTurn();
  expect(turns.wait(100)).toBeUndefined();
});

test("in a long turn the others wait; then some small ones and one large begin in each, and none is left", async () => {
  const turns = createTurns({ turnMs: 5, smallBytes: 10 });
  expect(turns.wait(100)).toBeUndefined();
  work(6);
  const begun: string[][] = [[]];
  const waiting = [
    ...["large 1", "large 2", "large 3"].map((name) => ({ name, bytes: 11 })),
    ...Array.from({ length: 10 }, (_, i) => ({ name: `small ${i}`, bytes: 10 })),
  ].map(({ name, bytes }) => turns.wait(bytes)?.then(() => begun.at(-1)?.push(name)));
  const count = () => {
    begun.push([]);
    if (begun.flat().length < waiting.length) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(waiting);
  const full = begun.filter((names) => names.length > 0);
  expect(full.map((names) => names.filter((name) => name.startsWith("large")))).toEqual([
    ["large 1"],
    ["large 2"],
    ["large 3"],
  ]);
  expect(full.map((names) => names.filter((name) => name.startsWith("small")).length)).toEqual([8, 2, 0]);
  await nextTurn();
  expect(turns.wait(100)).toBeUndefined();
});

test("who comes while others wait does not go before those of its kind", async () => {
  const turns = createTurns({ turnMs: 5, smallBytes: 10 });
  turns.wait(100);
  work(6);
  const begun: string[] = [];
  const first = ["a", "b"].map((name) => turns.wait(100)?.then(() => begun.push(name)));
  const late = nextTurn().then(() => turns.wait(100)?.then(() => begun.push("late")));
  await Promise.all([...first, late]);
  expect(begun).toEqual(["a", "b", "late"]);
});
