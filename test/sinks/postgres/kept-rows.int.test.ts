import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/wait.ts";
import {
  createTestDatabase,
  createTopic,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  storedUpTo,
  type TestDatabase,
  type TestType,
} from "../pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("kept");
});
afterAll(() => db.drop());

const hour = (n: number) => new Date(Date.UTC(2026, 0, 5, n)).toISOString();

test("of a key the newest event is the row, whatever comes first, again or in another batch", async () => {
  const topic = `latest-${randomUUID()}`;
  const type: TestType = { ...pingType([], 1, topic), name: "last.seen", latest: true };
  const seen = (id: string, user: string, at: number, n: number) =>
    eventRecord(id, framed(type, { user, n }), hour(at), user);
  await createTopic(topic, 1);
  await produce(topic, [
    seen("a", "ann", 3, 1),
    seen("b", "ann", 5, 2),
    seen("c", "ann", 4, 3),
    seen("d", "bob", 1, 4),
  ]);
  const sink = await startSink(db, [type], topic);
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(4));
  const rows = () =>
    db.owner.query<{ user: string; event_id: string; n: bigint }>(
      'select "user", event_id, n from events.last_seen order by "user"',
    );
  expect(await rows()).toEqual([
    { user: "ann", event_id: "b", n: 2n },
    { user: "bob", event_id: "d", n: 4n },
  ]);
  // A replay of older ones, one of the same time with a smaller id, one with a greater, and one that is newer.
  await produce(topic, [
    ...[seen("b", "ann", 5, 9), seen("a", "ann", 3, 9), seen("aa", "ann", 5, 9), seen("ba", "ann", 5, 5)],
    ...[seen("e", "bob", 2, 6), seen("d", "bob", 1, 9)],
  ]);
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(10));
  expect(await rows()).toEqual([
    { user: "ann", event_id: "ba", n: 5n },
    { user: "bob", event_id: "e", n: 6n },
  ]);
  expect(sink.failures).toEqual([]);
  await sink.service.stop();
});

test("an event that is enriched again stays one row, that of the highest revision", async () => {
  const topic = `revised-${randomUUID()}`;
  const revision = { name: "enrichment_revision", type: "int", default: 0, doc: "Which of several is valid." };
  const type: TestType = { ...pingType([revision], 1, topic), name: "app.revised" };
  const event = (id: string, of: number) =>
    eventRecord(id, framed(type, { user: "ann", n: of * 10, enrichment_revision: of }));
  await createTopic(topic, 1);
  await produce(topic, [event("a", 0), event("b", 0), event("a", 1), event("c", 1), event("c", 0)]);
  const sink = await startSink(db, [type], topic);
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(5));
  await produce(topic, [event("b", 2), event("b", 1), event("a", 1), event("a", 0), event("d", 0)]);
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(10));
  const rows = await db.owner.query(
    "select event_id, n, enrichment_revision from events.app_revised order by event_id",
  );
  expect(rows).toEqual([
    { event_id: "a", n: 10n, enrichment_revision: 1 },
    { event_id: "b", n: 20n, enrichment_revision: 2 },
    { event_id: "c", n: 10n, enrichment_revision: 1 },
    { event_id: "d", n: 0n, enrichment_revision: 0 },
  ]);
  await sink.service.stop();

  // The sink may change rows here and nowhere else.
  const others: TestType = { ...pingType([], 2, topic), name: "app.plain" };
  await (await startSink(db, [others], `${topic}-plain`)).service.stop();
  await expect(db.sink.execute("update events.app_plain set n = 1")).rejects.toThrow();
  await db.sink.execute("update events.app_revised set n = n");
});
