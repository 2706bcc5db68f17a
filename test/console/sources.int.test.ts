import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtPostgres } from "../../console/flow/sources.ts";
import { createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("console");
});
afterAll(() => db?.drop());

test("dead letters are told of while they are open, by topic and reason; redriven and old ones are not", async () => {
  await db.owner.execute(
    `insert into pipeline.dead_letters (consumer, topic, partition, record_offset, reason, message, headers, state, at)
     values ('sink', 'trips', 0, 1, 'store_rejected', 'm', '{}', 'open', now() - interval '2 minutes'),
            ('sink', 'trips', 0, 2, 'store_rejected', 'm', '{}', 'open', now() - interval '1 minute'),
            ('sink', 'trips', 0, 3, 'store_rejected', 'm', '{}', 'redriven', now() - interval '1 minute'),
            ('sink', 'trips', 0, 4, 'store_rejected', 'm', '{}', 'open', now() - interval '1 hour')`,
  );
  const look = await lookAtPostgres(db.owner);
  expect(look).toMatchObject({
    deadLetters: [{ what: "trips", code: "store_rejected", events: 2 }],
    quarantined: [],
  });
  expect(look.silence).toBeUndefined();
});
