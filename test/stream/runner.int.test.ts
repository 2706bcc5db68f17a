import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createProducer, groupLag, type OutgoingRecord } from "../../kafka/index.ts";
import { composeServices, createMetrics, type Metrics, silentLogger } from "../../runtime/index.ts";
import {
  createRunner,
  deadLetter,
  drop,
  type Flow,
  flow,
  forward,
  headersOf,
  type Reader,
} from "../../stream/index.ts";
import { eventually } from "../support/wait.ts";
import { createFixture, type Fixture, sessionTimeoutMs, whileRunning } from "./fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture(inject("kafka"));
});
afterAll(() => fixture.stop());

const readText: Reader<OutgoingRecord> = function readText(record, { partition }) {
  const { key, value } = record;
  const text = value?.toString() ?? "";
  if (text.startsWith("poison")) return deadLetter("record_bytes_invalid", `cannot read ${text}`);
  if (text.startsWith("noise")) return drop("noise");
  return forward({ key, value, headers: headersOf(record), partition });
};
const copy = (name: string, source: string, to: string): Flow =>
  flow(name)
    .from(source, readText)
    .to([to], (record) => forward({ topic: to, record }));

function runnerOf(copied: Flow, metrics: Metrics = createMetrics()) {
  const common = { connection: fixture.connection, metrics, log: silentLogger };
  const producer = createProducer({ name: "test", ...common });
  const runner = createRunner({
    ...common,
    producer,
    flow: copied,
    sessionTimeoutMs,
    topicPrefix: fixture.prefix,
    groupPrefix: fixture.prefix,
  });
  return composeServices("runner", [producer, runner]);
}

const line = (key: string, text: string): OutgoingRecord => ({
  key,
  value: Buffer.from(text),
  headers: { ce_id: text },
});
const committed = async (name: string, topic: string) =>
  (await groupLag(fixture.connection, fixture.prefix + name, [fixture.prefix + topic])).reduce(
    (sum, { committed, end }) => sum + Number(end - committed),
    0,
  );

test("poison becomes a dead letter with its reason, the partition moves on, the counters say so", async () => {
  await fixture.write("payments", [
    line("a", "1"),
    line("a", "poison 2"),
    line("a", "3"),
    line("a", "noise"),
    line("a", "5"),
  ]);
  const metrics = createMetrics();
  await whileRunning(runnerOf(copy("poisoned", "payments", "trips"), metrics), async () => {
    const trips = await eventually(async () => {
      const all = await fixture.readAll("trips");
      expect(all.map(({ value }) => value?.toString())).toEqual(["1", "3", "5"]);
      return all;
    });
    expect(new Set(trips.map(({ partition }) => partition)).size).toBe(1);
    const [letter, ...others] = await fixture.readAll("dead-letters");
    expect(others).toEqual([]);
    expect(letter?.value?.toString()).toBe("poison 2");
    expect(letter?.key?.toString()).toBe("a");
    const headers = Object.fromEntries(
      Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(headers).toEqual({
      ce_id: "poison 2",
      dl_code: "record_bytes_invalid",
      dl_reason: "cannot read poison 2",
      dl_flow: "poisoned",
      dl_step: "readText",
      dl_topic: "payments",
      dl_partition: String(trips[0]?.partition),
      dl_offset: "1",
    });
    await eventually(async () => expect(await committed("poisoned", "payments")).toBe(0));
  });
  const text = await metrics.registry.metrics();
  expect(text).toContain('dropped_records_total{flow="poisoned",step="readText",reason="noise"} 1');
  expect(text).toContain('dead_letters_total{flow="poisoned",step="readText",code="record_bytes_invalid"} 1');
  expect(text).toContain('records_total{flow="poisoned"} 5');
});

test("a dead letter that cannot be written fails the service, and no offset moves", async () => {
  // The broker itself refuses: no record fits into this topic.
  const admin = new Kafka({ brokers: [inject("kafka")], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const own = await createFixture(inject("kafka"));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      { type: 2, name: `${own.prefix}dead-letters`, configEntries: [{ name: "max.message.bytes", value: "60" }] },
    ],
  });
  // The broker acts on its settings a little later.
  await eventually(() =>
    own.write("dead-letters", [line("a", "probe")]).then(
      () => false,
      () => true,
    ),
  );
  await own.write("safety", [line("a", "good"), line("a", "poison")]);
  const common = { connection: own.connection, metrics: createMetrics(), log: silentLogger };
  const producer = createProducer({ name: "test", ...common });
  const names = { topicPrefix: own.prefix, groupPrefix: own.prefix };
  const runner = createRunner({ ...common, ...names, producer, flow: copy("refused", "safety", "alerts") });
  await whileRunning(composeServices("runner", [producer, runner]), async (failed) => {
    expect(await failed).toMatchObject({ code: "kafka_produce_failed" });
  });
  const lag = await groupLag(own.connection, `${own.prefix}refused`, [`${own.prefix}safety`]);
  expect(lag.every(({ committed }) => committed === 0n)).toBe(true);
  await admin.disconnect();
  await own.stop();
});

test("what was committed is not read again, what was not is: nothing is left out over restarts", async () => {
  const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`);
  const round = (n: number) => keys.map((key) => line(key, `${key} round ${n}`));
  const restarts = copy("restarts", "app-errors", "marketplace-minutes");
  const written = async () => (await fixture.readAll("marketplace-minutes")).map(({ value }) => String(value));
  for (const n of [1, 2, 3]) {
    await fixture.write("app-errors", round(n));
    await whileRunning(runnerOf(restarts), () =>
      // What is read again after all is no progress.
      eventually(async () => expect(new Set(await written()).size).toBe(n * keys.length)),
    );
  }
  const texts = await written();
  expect(new Set(texts).size).toBe(3 * keys.length);
  for (const key of keys) {
    const own = [...new Set(texts.filter((text) => text.startsWith(`${key} `)))];
    expect(own).toEqual([1, 2, 3].map((n) => `${key} round ${n}`));
  }
});
