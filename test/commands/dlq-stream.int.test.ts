import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createProducer, ensureTopics, headerText, readOffsets, topicEnds, topicTable } from "../../kafka/index.ts";
import { composeServices, createMetrics, type Service, silentLogger } from "../../runtime/index.ts";
import { createRunner, deadLetterTopic, loadTopology } from "../../stream/index.ts";
import { connection, createTopic, mayStandStill, produce } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";
import { type DlqPipeline, openDlqPipeline } from "./dlq-pipeline.ts";

const run = randomUUID().slice(0, 8);
const [source, out] = [`dlq-in-${run}`, `dlq-out-${run}`];
const topology = fileURLToPath(new URL("dlq-topology.ts", import.meta.url));
/** The proof has 10,000. */
const many = Number(process.env.DLQ_LETTERS ?? 60);
let pipeline: DlqPipeline;
let processor: Service;

beforeAll(async () => {
  process.env.DLQ_TEST_RUN = run;
  process.env.DLQ_TEST_REFUSED = "event";
  pipeline = await openDlqPipeline(run, ["--stream-topology", topology]);
  await ensureTopics(
    connection(),
    topicTable.filter(({ name }) => name === deadLetterTopic),
  );
  for (const topic of [source, out]) await createTopic(topic, 3);
  const common = { connection: connection(), metrics: createMetrics(), log: silentLogger };
  const producer = createProducer({ name: "test", ...common });
  const { flows = [] } = await loadTopology(topology, pipeline.schemas);
  const runners = flows.map((flow) => createRunner({ ...common, producer, flow, groupPrefix: `${run}-` }));
  processor = composeServices("processor", [producer, ...runners]);
  await processor.start(() => undefined);
});
afterAll(async () => {
  delete process.env.DLQ_TEST_REFUSED;
  delete process.env.DLQ_TEST_RUN;
  await processor?.stop();
  await pipeline?.close();
});

/** All that lies in a topic, by partition and offset. */
async function readTopic(topic: string) {
  const found: { partition: number; id: string; offset: number; isClean: boolean }[] = [];
  const ends = await topicEnds(connection(), topic);
  await readOffsets({
    ...{ connection: connection(), log: silentLogger },
    ranges: ends.map(({ partition, low, high }) => ({ topic, partition, from: low, to: high })),
    async onBatch({ partition, records }) {
      for (const record of records) {
        const names = Object.keys(record.headers);
        found.push({
          ...{ partition, offset: Number(record.offset), id: headerText(record, "ce_id") ?? "" },
          isClean: names.includes("redriven_from") && !names.some((name) => name.startsWith("dl_")),
        });
      }
    },
  });
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

test("what a processor could not use goes through its corrected flow, once and in order, though a crash leaves it in doubt", async () => {
  const events = Array.from({ length: many }, (_, n) => ({
    key: `key-${n % 7}`,
    value: Buffer.from(`event ${n}`),
    headers: { ce_id: `${n}`, ce_type: "test.copied" },
  }));
  await produce(source, events);
  await eventually(async () => expect((await pipeline.list("--topic", source)).total).toBe(many), { everyMs: 500 });
  const { counts, letters } = await pipeline.list("--topic", source, "--limit", "1");
  expect(counts).toMatchObject([{ place: "stream", consumer: `copy-${run}`, state: "open", count: many }]);
  const [first] = letters;
  expect(JSON.parse((await pipeline.dlq("show", String(first?.id), "--json")).out)).toMatchObject({
    ...{ code: "record_bytes_invalid", type: "test.copied", headers: { dl_flow: `copy-${run}` } },
    value_base64: Buffer.from(`event ${first?.eventId}`).toString("base64"),
  });

  // A dry run, then a correction that is only half of one: what fails again is counted.
  process.env.DLQ_TEST_REFUSED = "event 13$";
  expect(await pipeline.redrive("--topic", source, "--dry-run")).toMatchObject({ redriven: many - 1, failed: 1 });
  expect(await readTopic(out)).toEqual([]);
  const began = performance.now();
  const half = await pipeline.redrive("--topic", source);
  const seconds = (performance.now() - began) / 1_000;
  process.stderr.write(`dlq: ${many} dead letters of a processor redriven in ${seconds.toFixed(1)} s\n`);
  // The bar of the proof; a test is not timed.
  if (process.env.DLQ_LETTERS !== undefined) expect(seconds).toBeLessThan(60);
  expect(half).toMatchObject({ ok: false, matched: many, redriven: many - 1, failed: 1, skipped: {} });
  const { letters: left } = await pipeline.list("--topic", source, "--state", "open");
  expect(left).toMatchObject([{ eventId: "13", attempts: 1, code: "record_bytes_invalid" }]);

  // As a kill leaves it between the acknowledgement and the note of it, and before anything was sent.
  const doubt = "update pipeline.topic_letters set state = 'sending' where topic = $1";
  await pipeline.db.owner.execute(doubt, [source]);
  process.env.DLQ_TEST_REFUSED = "nothing";
  expect(await pipeline.redrive("--topic", source)).toMatchObject({ ok: true, matched: many, redriven: many });
  expect(await pipeline.redrive("--topic", source)).toMatchObject({ ok: true, matched: 0 });

  const copied = await readTopic(out);
  expect(copied.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(Array.from({ length: many }, (_, n) => n));
  expect(copied.every(({ isClean }) => isClean)).toBe(true);
  for (const partition of [0, 1, 2]) {
    const ids = copied.filter((each) => each.partition === partition && each.id !== "13").map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  }
  const lines = await pipeline.db.owner.query(
    "select matched, redriven, failed from pipeline.redrives where finished_at is not null order by redrive_id",
  );
  expect(lines).toEqual([
    { matched: many, redriven: many - 1, failed: 1 },
    { matched: many, redriven: many, failed: 0 },
    { matched: 0, redriven: 0, failed: 0 },
  ]);
}, 300_000);

test("a kill -9 between the sending and the note of it: going on sends nothing twice", async () => {
  process.env.DLQ_TEST_REFUSED = "killed";
  const events = Array.from({ length: 40 }, (_, n) => ({
    key: `key-${n % 7}`,
    value: Buffer.from(`killed ${n}`),
    headers: { ce_id: `killed-${n}`, ce_type: "test.copied" },
  }));
  await produce(source, events);
  const open = ["--topic", source, "--state", "open"];
  await eventually(async () => expect((await pipeline.list(...open)).total).toBe(40), { everyMs: 500 });
  process.env.DLQ_TEST_REFUSED = "nothing";
  await pipeline.whileHeld(
    { table: "pipeline.topic_letters", condition: "new.state = 'redriven'", waiter: "dlq" },
    () => pipeline.spawn(["dlq", "redrive"], "--topic", source, "--json"),
    async ({ child, ended }) => {
      child.kill("SIGKILL");
      await ended;
    },
  );
  const sent = async () => (await readTopic(out)).map(({ id }) => id).filter((id) => id.startsWith("killed-"));
  expect(await sent()).toHaveLength(40);
  expect(await pipeline.redrive("--topic", source)).toMatchObject({ ok: true, matched: 40, redriven: 40 });
  expect(new Set(await sent())).toEqual(new Set(events.map(({ headers }) => headers.ce_id)));
  expect(await sent()).toHaveLength(40);
});

test("a redrive waits for no other one, and says which letters would take the place of newer rows", async () => {
  await pipeline.db.owner.execute("update pipeline.topic_letters set state = 'open' where topic = $1", [source]);
  pipeline.declare("copies", [
    `name: copies-${run}`,
    "connector.class: PostgresSink",
    `topics: ${out}`,
    "insert.mode: upsert",
  ]);
  const refused = await pipeline.redrive("--topic", source, "--limit", "5", "--dry-run");
  expect(refused).toMatchObject({ ok: false, skipped: { dlq_rows_behind: 5 } });
  await pipeline.db.owner.transaction(async (tx) => {
    await mayStandStill(tx);
    await tx.query("select pg_advisory_xact_lock($1)", [7_241_865_325_823_966n]);
    await expect(pipeline.dlq("redrive", "--topic", source, "--json")).rejects.toMatchObject({ code: "dlq_running" });
  });
});

test("the processors of the ride domain take their letters, those with memory leave them to reprocess", async () => {
  const ride = await openDlqPipeline(`ride-${run}`);
  try {
    await ensureTopics(connection(), topicTable);
    // By which the letters of this test are known among those of others.
    const code = `ride-${run}`;
    const letter = (id: string, flow: string, offset: number) => {
      const { key, value, headers } = ride.event("driver.location", `${id}-${run}`);
      const place = {
        dl_topic: "driver-locations",
        dl_partition: "0",
        dl_offset: String(offset),
        dl_step: "readPosition",
      };
      return { key, value, headers: { ...headers, ...place, dl_flow: flow, dl_code: code, dl_reason: "y" } } as const;
    };
    await produce(deadLetterTopic, [
      letter("a", "enrich-driver-locations", 1),
      letter("b", "fold-trips", 2),
      letter("c", "nobody", 3),
    ]);
    expect(await ride.redrive("--code", code, "--dry-run")).toMatchObject({
      ...{ matched: 3, redriven: 1, failed: 0 },
      skipped: { dlq_flow_remembers: 1, dlq_flow_unknown: 1 },
    });
  } finally {
    await ride.close();
  }
});
