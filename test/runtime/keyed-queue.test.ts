import { expect, test } from "vitest";
import { createKeyedQueue } from "../../runtime/index.ts";

test("work of a key is done in order, also behind a failure; other keys do not wait", async () => {
  const queue = createKeyedQueue<string>();
  const told: string[] = [];
  let open: () => void = () => undefined;
  const first = queue.run("a", async () => {
    await new Promise<void>((resolve) => {
      open = resolve;
    });
    told.push("a1");
    throw new Error("no");
  });
  const second = queue.run("a", async () => void told.push("a2"));
  await queue.run("b", async () => void told.push("b1"));
  expect(told).toEqual(["b1"]);
  open();
  await expect(first).rejects.toThrow("no");
  await queue.idle();
  expect(told).toEqual(["b1", "a1", "a2"]);
  await second;
  expect(await queue.run("a", async () => 7)).toBe(7);
});
