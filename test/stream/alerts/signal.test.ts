import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { readSignal, type Signal, writeSignal } from "../../../stream/alerts/signal.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { rulesOf } from "./alert-driver.ts";

let offline: { readonly schemas: Schemas; stop(): Promise<void> };
beforeAll(async () => {
  offline = await startOfflineSchemas();
});
afterAll(() => offline.stop());

const head = ["name: payments", "description: d", "on: payment.failed", "severity: critical", "summary: s"];
const single = (amount: number) => [...head, `where: data.amount > ${amount}`].join("\n");
const window = (size: string) => [...head, `window: ${size}`, "values: {n: {count: 'true'}}", "when: n > 1"].join("\n");

/** What becomes of a signal that was written under the first text when it is read under the second. */
async function fate(before: string, after: string, said: Partial<Signal>): Promise<string> {
  const written = rulesOf(offline.schemas, before);
  const signal: Signal = {
    ...{ rule: "payments", version: written.byName.get("payments")?.version ?? "", labels: {} },
    event: { id: "e", type: "payment.failed", timeMs: 0, receivedAt: 0 },
    place: { readFrom: "payments/0", readOffset: 1 },
    ...said,
  };
  const out = writeSignal(written)(signal);
  const record = out.type === "forward" ? out.records[0]?.record : undefined;
  if (record === undefined) throw new Error("nothing was written");
  const { key, value, headers } = record;
  const read = await readSignal(rulesOf(offline.schemas, after))(
    {
      ...{ offset: "0", timestamp: "0", value, headers: headers as Readonly<Record<string, string>> },
      key: Buffer.from(String(key)),
    },
    { topic: "alert-signals", partition: 0 },
  );
  return read.type === "drop" ? read.reason : read.type;
}

test("a rule that is edited while a signal waits does not swallow a condition that was said in full", async () => {
  expect(await fate(single(1), single(1), { on: true })).toBe("forward");
  expect(await fate(single(1), single(2), { on: true })).toBe("forward");
  expect(await fate(single(1), single(2), { on: false })).toBe("rule has changed");
  expect(await fate(window("5m"), window("10m"), { values: [1] })).toBe("rule has changed");
  expect(await fate(window("5m"), single(1), { values: [1] })).toBe("rule has changed");
});
