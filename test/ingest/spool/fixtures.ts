import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSpoolLog, type SpoolLog, type SpoolLogParts } from "../../../ingest/spool/spool-log.ts";
import { createSpoolMetrics } from "../../../ingest/spool/spool-metrics.ts";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";

/** A directory that is gone after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hailstream-spool-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Metrics and a way to ask for the sum of one. */
export function newMetrics() {
  const metrics = createMetrics();
  return {
    metrics,
    spool: createSpoolMetrics(metrics),
    async valueOf(noun: string): Promise<number> {
      const found = await metrics.registry.getSingleMetric(`hailstream_ingest_spool_${noun}`)?.get();
      return found?.values.reduce((sum, { value }) => sum + value, 0) ?? Number.NaN;
    },
  };
}

const opened = new Map<string, SpoolLog>();

/** The spool of a directory. One that was opened there before gives up its lock, and leaves the files as a killed process does. */
export async function openSpool(dir: string, more: Partial<SpoolLogParts> = {}): Promise<SpoolLog> {
  await opened.get(dir)?.close();
  const spool = await openSpoolLog({
    lockPatienceMs: 0,
    dir,
    maxBytes: 64 * 1024 * 1024,
    metrics: newMetrics().spool,
    log: silentLogger,
    now: Date.now,
    ...more,
  });
  opened.set(dir, spool);
  onTestFinished(() => spool.close());
  return spool;
}

export const recordOf = (value: string, key = "key"): OutgoingRecord => ({
  key,
  value: Buffer.from(value),
  headers: { ce_id: value },
});

const limits = { maxBytes: 1_000_000, maxEvents: 1_000 };

/** The values of everything that can be read now, by topic. Nothing is released. */
export async function readAll(spool: SpoolLog): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (let batch = await spool.read(limits); batch !== undefined; batch = await spool.read(limits)) {
    for (const [topic, records] of batch.topics) {
      found[topic] = [...(found[topic] ?? []), ...records.map(({ value }) => String(value))];
    }
  }
  return found;
}

export const readSome = (spool: SpoolLog, maxEvents: number) => spool.read({ ...limits, maxEvents });
