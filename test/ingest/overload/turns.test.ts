import { expect, test } from "vitest";
import { createTurns } from "../../../ingest/overload/turns.ts";

const work = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("requests of one turn begin at once while the turn is short", async () => {
  const turns = createTurns({ turnMs: 50, smallBytes: 10 });
  for (let i = 0; i < 5; i++) expect(turns.wait(100)).toBeUndefined();
  await nextTurn();
  expect(turns.wait(100)).toBeUndefined();
});

test("in a long turn the others wait; one begins in each turn, small ones first, and none is left", async () => {
  const turns = createTurns({ turnMs: 5, smallBytes: 10 });
  expect(turns.wait(100)).toBeUndefined();
  work(6);
  const begun: string[] = [];
  let turn = 0;
  const waiting = ["large 1", "large 2", "small 1", "large 3", "small 2"].map((name) =>
    turns.wait(name.startsWith("small") ? 10 : 11)?.then(() => begun.push(`${turn} ${name}`)),
  );
  const count = () => {
    turn++;
    if (begun.length < waiting.length) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(waiting);
  const names = begun.map((line) => line.slice(2));
  expect(names).toEqual(["small 1", "small 2", "large 1", "large 2", "large 3"]);
  expect(new Set(begun.map((line) => line[0])).size).toBe(5);
  await nextTurn();
  expect(turns.wait(100)).toBeUndefined();
});

test("who comes while others wait does not go before them, but for small ones", async () => {
  const turns = createTurns({ turnMs: 5, smallBytes: 10 });
  turns.wait(100);
  work(6);
  const begun: string[] = [];
  const first = ["a", "b"].map((name) => turns.wait(100)?.then(() => begun.push(name)));
  const late = nextTurn().then(() => Promise.all([turns.wait(100)?.then(() => begun.push("late")), turns.wait(1)]));
  await Promise.all([...first, late]);
  expect(begun).toEqual(["a", "b", "late"]);
});
