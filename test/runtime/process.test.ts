import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
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

test("a station that has failed and cannot stop is ended by force", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "station-that-hangs.ts")], { stdio: "inherit" });
  const [code, signal] = await once(child, "exit");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
});
