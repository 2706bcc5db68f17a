import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { createDuplicates } from "../../../ingest/duplicates/duplicates.ts";
import type { Accepted, Verdict } from "../../../ingest/events/verdict.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";

test("a killed process is followed by one that knows what was answered, save the last moments", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hailstream-killed-"));
  const child = spawn(process.execPath, [join(import.meta.dirname, "window-process.ts"), dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answered: string[] = [];
  // When the journal has grown some more times, what was answered before is in it: one block may have been under way, and a new file may have begun.
  let [size, grown, before] = [0, 0, 0];
  for await (const id of createInterface(child.stdout)) {
    answered.push(id);
    if (answered.length < 2_000 || answered.length % 20 > 0) continue;
    const now = sizeOf(dir);
    if (now === size) continue;
    size = now;
    if (grown === 0) before = answered.length;
    if (++grown === 5) break;
  }
  child.kill("SIGKILL");
  await once(child, "exit");

  const duplicates = createDuplicates({
    windowIds: 2_000_000,
    windowMs: 60_000,
    dir,
    metrics: createMetrics(),
    log: silentLogger,
  });
  await duplicates.start(() => undefined);
  const type = { name: "driver.location" } as Accepted["type"];
  const verdicts = answered.map((id, n): Verdict => {
    const record = { key: "k", value: Buffer.from(id) };
    return { outcome: "accepted", id, type, schemaId: 7, occurredAt: n, record };
  });
  await duplicates.storeOnce(verdicts, () => Promise.resolve());
  await duplicates.stop();
  await rm(dir, { recursive: true });

  const outcomes = verdicts.map(({ outcome }) => outcome);
  const known = outcomes.filter((outcome) => outcome === "duplicate").length;
  expect(outcomes.slice(0, known)).toEqual(Array(known).fill("duplicate"));
  expect(known).toBeGreaterThanOrEqual(before);
});

/** How many bytes all files below a folder have. */
function sizeOf(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
