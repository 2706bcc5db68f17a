import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Service } from "../../runtime/index.ts";
import { count, createTopic, mayStandStill, produce, storedUpTo } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";
import { type DlqPipeline, openDlqPipeline } from "./dlq-pipeline.ts";

const run = randomUUID().slice(0, 8);
const group = `events-${run}`;
/** The proof has 10,000. */
const letters = Number(process.env.DLQ_LETTERS ?? 900);
let pipeline: DlqPipeline;
let sink: Service | undefined;
beforeAll(async () => {
  pipeline = await openDlqPipeline(run);
});
afterAll(() => pipeline?.close());

const rated = (n: string, stars: number) => pipeline.event("trip.rated", `${n}-${run}`, { rating: stars });
const named = (prefix: string, from: number, to: number, stars = 1) =>
  Array.from({ length: to - from }, (_, i) => rated(`${prefix}-${from + i}`, stars));

/** Something of the world that makes the table refuse events, until it is repaired. */
const forbid = (condition: string) =>
  pipeline.db.owner.execute(`alter table events.trip_rated add constraint broken check (${condition}) not valid`);
const repair = () => pipeline.db.owner.execute("alter table events.trip_rated drop constraint broken");
const rows = (prefix: string) => count(pipeline.db, `events.trip_rated where event_id like '${prefix}-%-${run}'`);
const lettersOf = (topic: string, condition = "true") =>
  count(pipeline.db, `pipeline.dead_letters where topic = '${topic}' and ${condition}`);

/** A topic of which the first `many` events have become dead letters. */
async function withLetters(prefix: string, many: number, partitions = 3): Promise<string> {
  const topic = `${prefix}-${run}`;
  await createTopic(topic, partitions);
  await produce(topic, named(prefix, 0, many));
  await forbid("rating > 1");
  // Members of a group read the same topics.
  await sink?.stop();
  sink = await pipeline.startSink("events", group, topic);
  await eventually(async () => expect(await lettersOf(topic)).toBe(many), { timeoutMs: 240_000, everyMs: 200 });
  return topic;
}

test(`${letters} dead letters are redriven by two at once, among live traffic: each is one row, and a second time nothing is left`, async () => {
  const topic = await withLetters("many", letters);
  const listed = await pipeline.list("--topic", topic);
  expect(listed.total).toBe(letters);
  expect(listed.counts).toEqual([
    { place: "sinks", consumer: group, topic, code: "store_rejected", state: "open", count: letters },
  ]);
  expect(listed.letters[0]).toMatchObject({ type: "trip.rated", state: "open", attempts: 0 });

  await repair();
  const began = performance.now();
  const live = produce(topic, named("many", letters, letters + 500, 5));
  const both = await Promise.all([
    pipeline.redrive("--topic", topic),
    pipeline.redrive("--topic", topic, "--by", "other"),
  ]);
  const seconds = (performance.now() - began) / 1_000;
  await live;
  process.stderr.write(`dlq: ${letters} dead letters redriven by two at once in ${seconds.toFixed(1)} s\n`);
  // The bar of the proof; a test is not timed.
  if (process.env.DLQ_LETTERS !== undefined) expect(seconds).toBeLessThan(60);
  expect(both.map(({ ok, failed }) => ({ ok, failed }))).toEqual([
    { ok: true, failed: 0 },
    { ok: true, failed: 0 },
  ]);
  expect(both[0].redriven + both[1].redriven).toBe(letters);
  await eventually(async () => expect(await rows("many")).toBe(letters + 500));
  expect(
    await count(pipeline.db, `(select distinct event_id from events.trip_rated where event_id like 'many-%')`),
  ).toBe(letters + 500);
  expect(await lettersOf(topic, "state = 'redriven' and attempts = 1")).toBe(letters);

  // What is stored and what the ledger says agree, so an audit has nothing to name.
  const [ledger] = await pipeline.db.owner.query<{ stored: bigint }>(
    "select sum(stored)::bigint as stored from audit.ledger where event_table = 'trip_rated'",
  );
  expect(ledger?.stored).toBe(BigInt(letters + 500));

  expect(await pipeline.redrive("--topic", topic)).toMatchObject({ ok: true, matched: 0, redriven: 0 });
  expect(await rows("many")).toBe(letters + 500);
  const lines = await pipeline.db.owner.query<{ by: string }>(
    "select by, filter, matched, redriven, failed, finished_at is not null as ended from pipeline.redrives order by redrive_id",
  );
  expect(lines).toHaveLength(3);
  expect(new Set(lines.map(({ by }) => by))).toEqual(new Set(["tester", "other"]));
  expect(lines[2]).toEqual({
    by: "tester",
    filter: { topics: [topic] },
    matched: 0,
    redriven: 0,
    failed: 0,
    ended: true,
  });
}, 600_000);

test("what fails again counts its attempts and says why; a dry run keeps nothing; filters and ids choose", async () => {
  const topic = await withLetters("again", 30, 1);
  await repair();
  await forbid("event_id not like 'again-7-%'");

  const dry = await pipeline.redrive("--topic", topic, "--dry-run");
  expect(dry).toMatchObject({ dryRun: true, ok: false, redrive: null, matched: 30, redriven: 29, failed: 1 });
  expect(await rows("again")).toBe(0);
  expect(await lettersOf(topic, "state = 'open' and attempts = 0")).toBe(30);

  const two = await pipeline.list("--topic", topic, "--limit", "2");
  const page = await pipeline.list("--topic", topic, "--limit", "2", "--before", String(two.next));
  expect(new Set([...two.letters, ...page.letters].map(({ id }) => id)).size).toBe(4);
  const [first] = two.letters;
  expect(await pipeline.redrive(String(first?.id))).toMatchObject({ ok: true, matched: 1, redriven: 1 });
  expect(await pipeline.redrive("--event-id", `again-3-${run}`)).toMatchObject({ ok: true, matched: 1, redriven: 1 });
  expect(await pipeline.redrive("--topic", topic, "--until", "1h")).toMatchObject({ matched: 0 });
  expect(await pipeline.redrive("--topic", topic, "--code", "sink_schema_unknown")).toMatchObject({ matched: 0 });

  for (const attempt of [1, 2]) {
    const result = await pipeline.redrive("--place", group, "--topic", topic);
    expect(result).toMatchObject({ ok: false, failed: 1, letters: [{ outcome: "failed", code: "store_rejected" }] });
    const { letters: left } = await pipeline.list("--topic", topic, "--state", "open");
    expect(left).toMatchObject([{ eventId: `again-7-${run}`, attempts: attempt, state: "open" }]);
  }
  expect(await rows("again")).toBe(29);
  const [stubborn] = (await pipeline.list("--topic", topic, "--state", "open")).letters;
  const shown = JSON.parse((await pipeline.dlq("show", String(stubborn?.id), "--json")).out);
  expect(shown).toMatchObject({ sqlState: "23514", attempts: 2, headers: { ce_id: `again-7-${run}` } });
  expect(shown.message).toContain("broken");
  expect((await pipeline.dlq("show", String(stubborn?.id))).out).toContain(`dlq redrive ${stubborn?.id}`);

  const unknown = await pipeline.dlq("show", "sinks:999999999", "--json");
  expect(unknown).toMatchObject({ code: 2 });
  expect(JSON.parse(unknown.out)).toMatchObject({ refused: "dlq_letter_unknown" });
  await expect(pipeline.dlq("redrive")).rejects.toMatchObject({ code: "option_invalid" });
  await repair();
});

test("Ctrl-C and kill -9 leave each letter either open or stored, and going on later stores the rest", async () => {
  const topic = await withLetters("cut", 60, 4);
  await repair();
  const states = async () => {
    const redriven = await lettersOf(topic, "state = 'redriven'");
    expect(await rows("cut")).toBe(redriven);
    return redriven;
  };
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    const open = await pipeline.db.owner.query<{ partition: number }>(
      "select distinct partition from pipeline.dead_letters where topic = $1 and state = 'open' order by 1",
      [topic],
    );
    const held = open[1]?.partition as number;
    const before = await states();
    // Somebody holds a letter of the second partition, so that is where it is interrupted.
    const { ended } = await pipeline.db.owner.transaction(async (tx) => {
      await mayStandStill(tx);
      await tx.query("select from pipeline.dead_letters where topic = $1 and partition = $2 for update", [topic, held]);
      const { child, ended } = pipeline.spawn(["dlq", "redrive"], "--topic", topic, "--json");
      await eventually(async () => expect(await states()).toBeGreaterThan(before));
      const waits =
        "pg_stat_activity where application_name like '%dlq%' and wait_event_type = 'Lock' and datname = current_database()";
      await eventually(async () => expect(await count(pipeline.db, waits)).toBe(1));
      child.kill(signal);
      if (signal === "SIGKILL") await ended;
      return { ended };
    });
    const { code, out } = await ended;
    if (signal === "SIGINT") {
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ ok: false, interrupted: true });
    }
    expect(await states()).toBeLessThan(60);
  }
  expect(await pipeline.redrive("--topic", topic)).toMatchObject({ ok: true, failed: 0 });
  expect(await states()).toBe(60);
});

test("an old letter never takes the place of a newer row, and what may have been deleted since needs a decision", async () => {
  const topic = `upsert-${run}`;
  const consumer = `hailstream-latest-${run}`;
  pipeline.declare("latest", [
    `name: latest-${run}`,
    "connector.class: PostgresSink",
    `topics: ${topic}`,
    "insert.mode: upsert",
    "table.name.format: latest_ratings",
  ]);
  await createTopic(topic, 1);
  const keyed = (key: string, id: string, stars: number) =>
    pipeline.event("trip.rated", `${id}-${run}`, { rating: stars }, key);
  await pipeline.startSink(`latest-${run}`, consumer, topic);
  await produce(topic, [keyed("other", "u0", 3)]);
  await eventually(async () => expect(await storedUpTo(pipeline.db, consumer)).toBe(1));
  await pipeline.db.owner.execute("alter table events.latest_ratings add constraint broken check (rating > 1)");
  await produce(topic, [keyed("trip-1", "u1", 1), keyed("trip-2", "u2", 1), keyed("trip-1", "u3", 5)]);
  await eventually(async () => expect(await storedUpTo(pipeline.db, consumer)).toBe(4));
  expect(await lettersOf(topic)).toBe(2);
  await pipeline.db.owner.execute("alter table events.latest_ratings drop constraint broken");

  const refused = await pipeline.redrive("--topic", topic);
  expect(refused).toMatchObject({ ok: false, redriven: 0, skipped: { dlq_key_may_be_deleted: 2 } });
  expect(await pipeline.redrive("--topic", topic, "--revive")).toMatchObject({ ok: true, redriven: 2 });
  const stars = await pipeline.db.owner.query(
    "select record_key as key, rating as stars from events.latest_ratings order by 1",
  );
  expect(stars).toEqual([
    { key: "other", stars: 3 },
    { key: "trip-1", stars: 5 },
    { key: "trip-2", stars: 1 },
  ]);
});
