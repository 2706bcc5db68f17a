import { expect, test } from "vitest";
import { NewKeys } from "../../../sinks/tables/new-keys.ts";

const flushesUntilLikely = (keys: NewKeys): number => {
  let flushes = 0;
  for (; !keys.areLikely; flushes++) keys.passed();
  return flushes;
};

test("new keys are expected at first, and after a try that failed ever later, until one goes well", () => {
  const keys = new NewKeys();
  const pauses = Array.from({ length: 9 }, () => {
    keys.wereNot();
    return flushesUntilLikely(keys);
  });
  expect(pauses).toEqual([16, 32, 64, 128, 256, 512, 1_024, 1_024, 1_024]);
  keys.wereNew();
  expect(keys.areLikely).toBe(true);
  keys.wereNot();
  expect(flushesUntilLikely(keys)).toBe(16);
});
