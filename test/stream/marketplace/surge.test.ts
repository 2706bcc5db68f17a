import { expect, test } from "vitest";
import { citySurgeOf, surgeOf } from "../../../stream/marketplace/surge.ts";

const balance = (requests: number, open: number, unmet = 0) => ({ requests, open, unmet });

test.each([
  ["as many drivers as requests", balance(4, 4), [], 1],
  ["more drivers than requests", balance(1, 4), [], 1],
  ["nothing at all", balance(0, 0), [], 1],
  ["one request in an empty place", balance(1, 0), [], 1],
  ["two requests in an empty place", balance(2, 0), [], 2],
  ["half as many drivers again as needed, in tenths", balance(7, 4), [], 1.8],
  ["who waited in vain counts as demand", balance(2, 2, 2), [], 2],
  ["never above three", balance(100, 1), [], 3],
  ["neighbours weigh a sixth of the cell itself", balance(6, 2), [balance(0, 6), balance(0, 6)], 1.5],
  ["demand next door raises the price here", balance(2, 2), [balance(12, 0)], 2],
] as const)("%s", (_name, own, neighbours, surge) => {
  expect(surgeOf(own, neighbours)).toBe(surge);
});

test("a city is its own measure", () => {
  expect(citySurgeOf(balance(30, 20))).toBe(1.5);
  expect(citySurgeOf(balance(1, 0))).toBe(2);
  expect(citySurgeOf(balance(0, 0))).toBe(1);
});
