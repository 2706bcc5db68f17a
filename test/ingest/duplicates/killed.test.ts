import { spawn } from "node:child_process";
import { once } from "node:events";
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
  // The journal is written some twenty times a second: after these many events and a second it has been.
  const begin = performance.now();
  for await (const id of createInterface(child.stdout)) {
    answered.push(id);
    if (answered.length > 2_000 && performance.now() - begin > 1_000) break;
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
  expect(known).toBeGreaterThan(answered.length / 2);
}, 30_000);
