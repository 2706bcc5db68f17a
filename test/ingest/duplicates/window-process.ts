/** A process that remembers one event after the other and writes each one's id when it is answered, until it is killed. */
import { createDuplicates } from "../../../ingest/duplicates/duplicates.ts";
import type { Accepted, Verdict } from "../../../ingest/events/verdict.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";

const dir = process.argv[2] ?? "";
const duplicates = createDuplicates({
  windowIds: 2_000_000,
  windowMs: 60_000,
  dir,
  metrics: createMetrics(),
  log: silentLogger,
});
await duplicates.start(() => undefined);
const type = { name: "driver.location" } as Accepted["type"];
for (let n = 0; ; n++) {
  const id = `event-${n}`;
  const event = { id, type, schemaId: 7, occurredAt: n, record: { key: "k", value: Buffer.from(id) } };
  const verdicts: Verdict[] = [{ outcome: "accepted", ...event }];
  await duplicates.storeOnce(verdicts, () => Promise.resolve());
  process.stdout.write(`${id}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
