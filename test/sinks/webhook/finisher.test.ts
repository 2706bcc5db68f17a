import { expect, test } from "vitest";
import type { Ended } from "../../../sinks/webhook/deliveries.ts";
import { createFinisher } from "../../../sinks/webhook/finisher.ts";

const ended = (id: number, attempt = 1) =>
  ({ taken: { deliveryId: BigInt(id), attempt }, decision: { state: "delivered" } }) as unknown as Ended;

/** Writes that end when they are told to. */
function slowWrites() {
  const writes: { readonly of: string[]; end(waited?: number[]): void; fail(): void }[] = [];
  const finish = createFinisher(
    (all) =>
      new Promise((resolve, reject) => {
        writes.push({
          of: all.map(({ taken }) => `${taken.deliveryId}/${taken.attempt}`),
          end: (waited = []) => resolve(new Set(waited.map(BigInt))),
          fail: () => reject(new Error("away")),
        });
      }),
  );
  return { finish, writes };
}
const settled = () => new Promise(setImmediate);

test("what ends while a write is under way is written together by the next one, and each hears of itself", async () => {
  const { finish, writes } = slowWrites();
  const all = [1, 2, 3].map((id) => finish(ended(id)));
  expect(writes.map(({ of }) => of)).toEqual([["1/1"]]);
  writes[0]?.end();
  await settled();
  expect(writes.map(({ of }) => of)).toEqual([["1/1"], ["2/1", "3/1"]]);
  writes[1]?.end([3]);
  expect(await Promise.all(all)).toEqual([false, false, true]);
  const later = finish(ended(4));
  expect(writes[2]?.of).toEqual(["4/1"]);
  writes[2]?.end();
  expect(await later).toBe(false);
});

test("two attempts of one delivery are never in one write", async () => {
  const { finish, writes } = slowWrites();
  const all = [finish(ended(1)), finish(ended(2, 1)), finish(ended(2, 2)), finish(ended(3))];
  writes[0]?.end();
  await settled();
  expect(writes[1]?.of).toEqual(["2/1", "3/1"]);
  writes[1]?.end();
  await settled();
  expect(writes[2]?.of).toEqual(["2/2"]);
  writes[2]?.end();
  await Promise.all(all);
});

test("a write that fails fails what was in it and nothing else", async () => {
  const { finish, writes } = slowWrites();
  const first = finish(ended(1));
  const second = finish(ended(2));
  writes[0]?.fail();
  await expect(first).rejects.toThrow("away");
  await settled();
  writes[1]?.end();
  expect(await second).toBe(false);
});
