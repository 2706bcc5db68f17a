import { expect, test } from "vitest";
import { checkRequests } from "./order.ts";

const made = (id: string, request: number, key = "drv_1") => ({ id, key, request });
const carried = (...ids: readonly string[]) => ids.map((id, offset) => ({ topic: "t", partition: 0, offset, id }));

test("events of one request in their order are right, also when they are there twice", () => {
  const events = [made("a", 1), made("b", 1), made("c", 2)];
  expect(checkRequests(events, carried("a", "b", "a", "b", "c", "a"))).toEqual([]);
});

test("an event before one that stood before it in its request is found", () => {
  const found = checkRequests([made("a", 1), made("b", 1)], carried("b", "a", "b"));
  expect(found).toMatchObject([{ kind: "reordered", where: "t", id: "b" }]);
});

test("other keys and other requests are not its business", () => {
  expect(checkRequests([made("a", 1), made("b", 1, "drv_2")], carried("b", "a"))).toEqual([]);
  expect(checkRequests([made("a", 1), made("b", 2)], carried("b", "a"))).toEqual([]);
});
