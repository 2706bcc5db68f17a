import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { diagnosticsFlows } from "../../../stream/diagnostics/flows.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 8);
let fixture: ProcessorFixture;
beforeAll(async () => {
  const topics = ["app-errors", "app-activity", "app-error-groups", "dead-letters"];
  fixture = await createProcessorFixture("diagnostics", topics);
});
afterAll(() => fixture.stop());

/** The processors of the groups, as one process runs them. */
function processors() {
  // Short: behind the newest event the rest of the lateness passes by the clock.
  const rules = { latenessMs: 1_000, onceKeepMs: 180 * minute, errorSettleMs: 1_000, errorKeepMs: 60 * 24 * minute };
  const wanted = ["collect-app-errors", "group-app-errors"];
  return fixture.runnerOf(...diagnosticsFlows(fixture.schemas, rules).filter(({ name }) => wanted.includes(name)));
}

/** The i-th error: three faults in two versions. Between two of them lies more time than passes by the clock while the test is at work. */
function failure(i: number): OutgoingRecord {
  const data = {
    ...{ session_id: `ses_${i % 20}`, app: "rider", app_version: i % 5 === 0 ? "9.3.0" : "9.2.1", platform: "ios" },
    ...{ error_type: "TypeError", message: "null", stack: [`fault${i % 3} (map.ts:${i})`], fatal: i % 7 === 0 },
  };
  return fixture.event("app.error", start + i * 2 * minute, data, { id: `e-${i}`, receivedAt: start });
}

async function counts(): Promise<ReadonlyMap<string, number>> {
  const newest = new Map<string, number>();
  for (const { top_frames, app_version, count } of await fixture.dataOf("app-error-groups")) {
    const key = `${(top_frames as string[])[0]} ${app_version}`;
    newest.set(key, Math.max(newest.get(key) ?? 0, Number(count)));
  }
  return newest;
}

test("errors of six partitions, a third of them twice, are counted once by processors that are stopped in between", async () => {
  const all = Array.from({ length: 200 }, (_, i) => failure(i));
  const expected = new Map<string, number>();
  for (let i = 0; i < all.length; i++) {
    const key = `fault${i % 3} (map.ts) ${i % 5 === 0 ? "9.3.0" : "9.2.1"}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  await fixture.write("app-errors", all.slice(0, 120));
  await whileRunning(processors(), () => eventually(async () => expect((await counts()).size).toBeGreaterThan(0)));
  await fixture.write("app-errors", [...all.slice(80, 130), ...all.slice(120), ...all.slice(150, 160)]);
  await whileRunning(processors(), () =>
    eventually(async () => expect([...(await counts())].sort()).toEqual([...expected].sort()), { timeoutMs: 60_000 }),
  );
});
