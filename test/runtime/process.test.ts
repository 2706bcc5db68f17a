import { afterEach, expect, test, vi } from "vitest";
import { onStopSignals } from "../../runtime/index.ts";

afterEach(() => vi.restoreAllMocks());

test("a signal that comes twice at once is one wish; a later one is another", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
  const before = process.listenerCount("SIGTERM");
  const heard: [string, boolean][] = [];
  const end = onStopSignals((signal, again) => heard.push([signal, again]));
  process.emit("SIGINT", "SIGINT");
  now.mockReturnValue(1_020);
  process.emit("SIGINT", "SIGINT");
  expect(heard).toEqual([["SIGINT", false]]);
  now.mockReturnValue(1_900);
  process.emit("SIGTERM", "SIGTERM");
  expect(heard).toEqual([
    ["SIGINT", false],
    ["SIGTERM", true],
  ]);
  end();
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
