import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createProducer, type OutgoingRecord } from "../../../kafka/index.ts";
import { composeServices, createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, envelopeHeaders, type Schemas, schemaOptions } from "../../../schemas/index.ts";
import { diagnosticsFlows } from "../../../stream/diagnostics/flows.ts";
import { createRememberingRunner } from "../../../stream/index.ts";
import { createTestDatabase, type TestDatabase } from "../../sinks/pipeline.ts";
import { eventually } from "../../support/wait.ts";
import { createFixture, type Fixture, whileRunning } from "../fixture.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 8);
const cacheDir = mkdtempSync(join(tmpdir(), "hailstream-diagnostics-"));
let fixture: Fixture;
let schemas: Schemas;
let db: TestDatabase;
beforeAll(async () => {
  fixture = await createFixture(inject("kafka"), ["app-errors", "app-activity", "app-error-groups", "dead-letters"]);
  db = await createTestDatabase("diagnostics");
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": cacheDir };
  const options = readOptions(schemaOptions, { flags });
  schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  await schemas.start(() => undefined);
});
afterAll(async () => {
  await schemas.stop();
  await fixture.stop();
  await db.drop();
  rmSync(cacheDir, { recursive: true, force: true });
});

/** The processors of the groups, as one process runs them. */
function processors() {
  const common = { connection: fixture.connection, metrics: createMetrics(), log: silentLogger };
  const producer = createProducer({ name: "test", ...common });
  // Short: behind the newest event the rest of the lateness passes by the clock.
  const rules = { latenessMs: 1_000, onceKeepMs: 60 * minute, errorSettleMs: 1_000, errorKeepMs: 60 * 24 * minute };
  const runners = diagnosticsFlows(schemas, rules)
    .filter(({ name }) => name === "collect-app-errors" || name === "group-app-errors")
    .map((flow) =>
      createRememberingRunner({
        ...{ ...common, producer, flow, db: db.sink, idleMs: 1_000, maxCachedKeys: 100 },
        ...{ topicPrefix: fixture.prefix, groupPrefix: fixture.prefix },
      }),
    );
  return composeServices("diagnostics", [producer, ...runners]);
}

/** The i-th error: three faults in two versions, over half an hour. */
function failure(i: number): OutgoingRecord {
  const data = {
    ...{ session_id: `ses_${i % 20}`, app: "rider", app_version: i % 5 === 0 ? "9.3.0" : "9.2.1", platform: "ios" },
    ...{ error_type: "TypeError", message: "null", stack: [`fault${i % 3} (map.ts:${i})`], fatal: i % 7 === 0 },
  };
  const time = new Date(start + i * 9_000).toISOString();
  const headers = envelopeHeaders({ id: `e-${i}`, type: "app.error", source: "/test", time, receivedAt: start });
  return { key: data.session_id, value: schemas.encode("app.error", data), headers };
}

async function counts(): Promise<ReadonlyMap<string, number>> {
  const newest = new Map<string, number>();
  for (const { value } of await fixture.readAll("app-error-groups")) {
    const decoded = await schemas.decode(value ?? Buffer.alloc(0));
    if (!decoded.ok) throw new Error(decoded.reason);
    const key = `${(decoded.value.top_frames as string[])[0]} ${decoded.value.app_version}`;
    newest.set(key, Math.max(newest.get(key) ?? 0, Number(decoded.value.count)));
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
  await whileRunning(processors(), () =>
    eventually(async () => expect((await counts()).size).toBeGreaterThan(0), { timeoutMs: 30_000 }),
  );
  await fixture.write("app-errors", [...all.slice(80, 130), ...all.slice(120), ...all.slice(150, 160)]);
  await whileRunning(processors(), () =>
    eventually(async () => expect([...(await counts())].sort()).toEqual([...expected].sort()), { timeoutMs: 40_000 }),
  );
});
