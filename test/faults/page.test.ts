import { expect, test } from "vitest";
import { faultsPage } from "./page.ts";
import { kinds, placeOf } from "./plan.ts";
import type { KeptRun } from "./results.ts";

const run = (seed: number, more: Partial<KeptRun> = {}): KeptRun => ({
  ...{ seed, on: "2026-11-26", minutes: 2, events: 100_000, attempts: 101_234, lost: 0, duplicated: 0, reordered: 0 },
  ...{ other: 0, restSeconds: 12.5, faults: [["kill -9", "sinks-1"]], notDone: 0 },
  ...more,
});
const rowOf = (page: string, start: string) => page.split("\n").find((line) => line.startsWith(start));

test("every fault of every component has its row, with the last run that had it", () => {
  const page = faultsPage({ runs: [run(1), run(2, { lost: 3 })], recovery: [] });
  for (const [kind, { targets, expected }] of Object.entries(kinds)) {
    const places = new Set(targets.map((target) => placeOf(target)));
    const rows = page.split("\n").filter((line) => line.startsWith(`| ${kind} | `) && line.includes(`| ${expected} |`));
    expect(rows).toHaveLength(places.size);
  }
  expect(rowOf(page, "| kill -9 | sinks |")).toContain("| 2 | 3 lost, 0 twice, 0 out of order, 0 other (seed 2) |");
  expect(rowOf(page, "| kill -9 | Kafka |")).toContain("| 0 | not yet |");
});

test("runs and kills are added up", () => {
  const kill = { target: "sinks-1", firstRowMs: 4_000, allPartitionsMs: 9_000, backlog: 2_000, catchUp: 3.14 } as const;
  const recovery = { seed: 1, eventsPerSecond: 400, kills: [kill], p95: kill, leastCatchUp: 3.14 };
  const page = faultsPage({ runs: [run(1), run(2)], recovery: [recovery] });
  expect(page).toContain("2 seeds, 200,000 events, 2 faults: 0 lost, 0 duplicated, 0 reordered.");
  expect(page).toContain("| 1 | 2026-11-26 | 2 | 100,000 | 101,234 | 1 | 0 | 0 | 0 | 0 | 12.5 s |");
  expect(page).toContain("| sinks | 1 | 4.0 s | 9.0 s | 3.1 × |");
});
