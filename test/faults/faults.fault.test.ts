import { afterAll, expect, test } from "vitest";
import type { Fault } from "./plan.ts";
import { runOnce } from "./run.ts";

/**
 * The harness at its shortest: what has found the worst so far, by one seed. `npm run faults` breaks everything for as long as one likes.
 */
const plan: readonly Fault[] = [
  { kind: "leaders move", target: "topics", atMs: 1_000, forMs: 0 },
  { kind: "cut after COMMIT", target: "postgres", atMs: 1_500, forMs: 0 },
  { kind: "poison", target: "topics", atMs: 2_500, forMs: 0 },
  { kind: "kill -9", target: "stream-1", atMs: 4_000, forMs: 0 },
  { kind: "a hundredfold", target: "topics", atMs: 4_500, forMs: 0 },
  { kind: "kill -9", target: "ingest-1", atMs: 2_500, forMs: 0 },
  { kind: "kill -9", target: "sinks-1", atMs: 7_000, forMs: 0 },
  { kind: "clock ahead", target: "ingest-2", atMs: 3_000, forMs: 3_000 },
  { kind: "clock behind", target: "sinks-2", atMs: 1_000, forMs: 5_000 },
  { kind: "stop", target: "kafka-1", atMs: 8_000, forMs: 6_000 },
];

const abort = new AbortController();
afterAll(() => abort.abort());

test("brokers, services and links are broken under load: nothing is lost, there twice, or out of order", async () => {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const report = await runOnce({ seed: 1, minutes: 0.2, events: 2_500, plan, abort: abort.signal, say });
  process.stderr.write(`faults: ${JSON.stringify({ ...report, anomalies: undefined, injected: undefined })}\n`);
  expect(report.anomalies.slice(0, 10), said.join("\n")).toEqual([]);
  expect(report.events).toBe(2_500);
  expect(report.injected.filter(({ done }) => !done)).toEqual([]);
});
