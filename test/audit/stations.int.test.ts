import { afterAll, beforeAll, expect, test } from "vitest";
import { createAudit, createTopicCounter } from "../../audit/index.ts";
import { setGroupOffsets } from "../../kafka/index.ts";
import { createMetrics, type Service, silentLogger } from "../../runtime/index.ts";
import {
  connection,
  createTestDatabase,
  createTopic,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  storedUpTo,
  type TestDatabase,
} from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";

const prefix = `stations-${process.pid}-${Date.now()}-`;
const [source, enriched] = [`${prefix}pings`, `${prefix}pings-enriched`];
const [sinkGroup, counterGroup] = [`${prefix}sink`, `${prefix}audit`];
/** A group that has committed so far stands for the processor at that moment: to move a group takes seconds. */
const enricherAt = (offset: number) => `${prefix}enrich-${offset}`;
/** As the sink sees the type. */
const type = pingType([], 1, enriched);
const tableAt = (committed: number) => ({
  ...{
    type: type.name,
    tableName: "app_ping",
    keyField: "user",
    source,
    topic: enriched,
    enrichedBy: enricherAt(committed),
  },
});
const nothing = { missing: [], extra: [], unnamed: [] };
const world = { connection: connection(), metrics: createMetrics(), log: silentLogger };

let db: TestDatabase;
const running: Service[] = [];

beforeAll(async () => {
  db = await createTestDatabase("stations");
  for (const topic of [source, enriched]) await createTopic(topic, 1);
  await createTopic(`${prefix}dead-letters`, 1);
  await Promise.all(
    [4, 6, 8].map((n) => setGroupOffsets(connection(), enricherAt(n), source, [{ partition: 0, offset: BigInt(n) }])),
  );
});

afterAll(async () => {
  for (const service of running.reverse()) await service.stop();
  await db.drop();
});

const ping = (n: number) => eventRecord(`e${n}`, framed(type, { user: "u", n }), "2015-01-31T12:00:30.000Z", "u");
const pings = (...ns: readonly number[]) => ns.map(ping);
/** @param committed how far the processor has come */
const audit = (committed: number) =>
  createAudit({ ...world, db: db.owner, tables: [tableAt(committed)], sinkGroup, topicPrefix: prefix }).run();
/** Waits until the sink and the counter have come so far. */
const passed = (rows: number, counted: number) =>
  eventually(async () => {
    expect(await storedUpTo(db, sinkGroup)).toBe(rows);
    expect(await storedUpTo(db, counterGroup)).toBe(counted);
  });

test("what the processor or the sink has left out is named, each at its station; what is on its way is not", async () => {
  const counter = () =>
    createTopicCounter({
      ...{ ...world, db: db.owner, groupId: counterGroup, topics: [source], types: [type.name], restMs: 50 },
    });
  const first = counter();
  await first.start(() => undefined);
  const sink = await startSink(db, [type], sinkGroup);
  running.push(sink.service);

  await produce(source, pings(1, 2, 3, 4, 5, 6));
  await passed(0, 6);
  // The processor has not come to them yet.
  expect(await audit(0)).toMatchObject(nothing);
  // One twice, as after a crash; the processor has written before it commits.
  await produce(enriched, pings(1, 2, 2, 4));
  await passed(4, 6);
  expect(await audit(0)).toMatchObject({ ...nothing, checked: 3 });
  // Of the minute there are events that the processor has not come to.
  expect(await audit(4)).toMatchObject(nothing);
  await produce(enriched, pings(6));
  await produce(`${prefix}dead-letters`, pings(5));
  await passed(5, 6);
  const lost = { id: "e3", type: type.name, where: "stream" };
  expect(await audit(6)).toMatchObject({ ...nothing, missing: [lost] });

  // The sink's checkpoint is moved over an event by hand, which the processor had written.
  await sink.service.stop();
  await produce(source, pings(7, 8));
  await produce(enriched, pings(7, 8));
  await db.owner.execute("update pipeline.checkpoints set next_offset = 6, epoch = epoch + 1 where consumer = $1", [
    sinkGroup,
  ]);
  const again = await startSink(db, [type], sinkGroup);
  running.push(again.service);
  await passed(7, 8);
  const skipped = { id: "e7", type: type.name, where: "postgres" };
  expect((await audit(8)).missing).toEqual(expect.arrayContaining([lost, skipped]));
  expect((await audit(8)).missing).toHaveLength(2);

  // Repaired: both are written once more, and nothing is wrong any more.
  await produce(enriched, pings(3, 7));
  await passed(9, 8);
  expect(await audit(8)).toMatchObject({ ...nothing, checked: 7 });
  await first.stop();
});

test("the counter counts each record once, whoever counts, and goes on where the one before ended", async () => {
  const counts = () =>
    db.owner.query<{ events: bigint; first: bigint; last: bigint }>(
      "select events, first_offset as first, last_offset as last from audit.carried where topic = $1",
      [source],
    );
  expect(await counts()).toEqual([{ events: 8n, first: 0n, last: 7n }]);
  const parts = { ...world, db: db.owner, groupId: counterGroup, topics: [source], types: [type.name], restMs: 50 };
  const [one, two] = [createTopicCounter(parts), createTopicCounter(parts)];
  await one.start(() => undefined);
  await produce(source, pings(9));
  await two.start(() => undefined);
  await produce(source, [...pings(10), eventRecord("", Buffer.from("no event"))]);
  await eventually(async () => expect(await storedUpTo(db, counterGroup)).toBe(11));
  await one.stop();
  await produce(source, pings(11));
  await eventually(async () => expect(await storedUpTo(db, counterGroup)).toBe(12));
  await two.stop();
  expect(await counts()).toEqual([{ events: 11n, first: 0n, last: 11n }]);
});
