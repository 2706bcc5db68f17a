import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../runtime/index.ts";
import { ensureEventTables, storedTables } from "../../sinks/index.ts";
import type { Database, Transaction } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";
import {
  count,
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
} from "./pipeline.ts";

let db: TestDatabase;
const run = `${process.pid}-${Date.now()}`;
beforeAll(async () => {
  db = await createTestDatabase("bad_rows");
});
afterAll(() => db.drop());

const typeOf = (name: string): TestType => ({ ...pingType([], 1, `${name}-${run}`), name: `${name}.ping` });
const goodRecord = (type: TestType, n: number) => eventRecord(`${type.name}-${n}`, framed(type, { user: "u", n }));
/** Text that is not UTF-8: COPY refuses it. */
const unreadable = (type: TestType, n: number) =>
  eventRecord(`${type.name}-${n}`, Buffer.from(framed(type, { user: "user", n })).fill(0xff, 6, 8));
/** What the constraint of the table refuses, which COPY into the stage does not know. */
const forbidden = (type: TestType, n: number) => eventRecord(`${type.name}-${n}`, framed(type, { user: "u", n: -n }));

async function createTable(type: TestType): Promise<void> {
  await ensureEventTables(
    db.ownerUrl,
    storedTables([type]).map(({ definition }) => definition),
    silentLogger,
  );
  await db.owner.execute(`alter table events.${type.name.replace(".", "_")} add check (n >= 0)`);
}

/**
 * The sink's database, which counts the statements of transactions that end well. The first transaction that comes to its `crashAt`-th statement loses its server
 * process there.
 */
function counting(crashAt: number): Database & { readonly statements: number[]; readonly crashes: () => number } {
  const statements: number[] = [];
  let crashes = 0;
  const transaction: Database["transaction"] = async (work, options) => {
    let sent = 0;
    const result = await db.sink.transaction((tx) => {
      const crash = async () => {
        if (crashes > 0 || sent < crashAt) return;
        crashes++;
        const [server] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
        await db.sink.query("select pg_terminate_backend($1)", [server?.pid]);
      };
      const counted = <A extends unknown[], R>(call: (...args: A) => Promise<R>, trips = 1) => {
        return async (...args: A): Promise<R> => {
          sent += trips;
          await crash();
          return call(...args);
        };
      };
      return work({
        query: counted(tx.query) as Transaction["query"],
        execute: counted(tx.execute),
        copyIn: counted(tx.copyIn),
        oncePerConnection: counted(tx.oncePerConnection),
        savepoint: counted(tx.savepoint, 2) as Transaction["savepoint"],
        async attempt(sql) {
          sent++;
          await crash();
          return tx.attempt(sql).catch((error: unknown) => {
            sent++;
            throw error;
          });
        },
      });
    }, options);
    statements.push(sent);
    return result;
  };
  return { ...db.sink, transaction, statements, crashes: () => crashes };
}

test("10 bad ones among 100,000: the others are rows, they are dead letters, and finding each costs about log2(n) statements, and a crash meanwhile changes nothing", async () => {
  const type = typeOf("bad");
  const bad = new Map(
    [3, 3_333, 20_000, 44_444, 99_999].flatMap((n) => [
      [n, unreadable(type, n)],
      [n - 2, forbidden(type, n - 2)],
    ]),
  );
  await createTopic(type.topic, 1);
  await createTable(type);
  await produce(
    type.topic,
    Array.from({ length: 100_000 }, (_, n) => bad.get(n) ?? goodRecord(type, n)),
  );
  const counted = counting(20);
  const sink = await startSink({ ...db, sink: counted }, [type], type.topic);
  await eventually(async () => expect(await storedUpTo(db, type.topic)).toBe(100_000), { timeoutMs: 240_000 });
  await sink.service.stop();
  expect(sink.failures).toEqual([]);
  expect(counted.crashes()).toBe(1);
  expect(await count(db, "events.bad_ping")).toBe(99_990);
  const letters = await db.owner.query<{ n: bigint; state: string; reason: string; schema: number; value: Buffer }>(
    `select record_offset as n, sql_state as state, reason, schema_id as schema, value from pipeline.dead_letters where topic = $1 order by 1`,
    [type.topic],
  );
  expect(letters).toEqual(
    [...bad.keys()]
      .sort((a, b) => a - b)
      .map((n) => ({
        n: BigInt(n),
        state: bad.get(n - 2) === undefined && bad.has(n + 2) ? "23514" : "22021",
        reason: "store_rejected",
        schema: 1,
        value: bad.get(n)?.value,
      })),
  );
  // A flush without bad rows: the checkpoint and the COPY. One with some first finds out that it has any.
  const extra = counted.statements.reduce((sum, sent) => sum + Math.max(0, sent - 3), 0);
  process.stderr.write(
    `bad rows: ${counted.statements.length} transactions, ${extra} statements more for 10 bad rows\n`,
  );
  expect(extra / 10).toBeLessThan(2 * Math.log2(100_000));
});

test("a batch in which every second row is bad is stored by its other half", async () => {
  const type = typeOf("half");
  await createTopic(type.topic, 1);
  await createTable(type);
  const records = Array.from({ length: 400 }, (_, n) =>
    [goodRecord, unreadable, goodRecord, forbidden][n % 4]?.(type, n),
  );
  await produce(
    type.topic,
    records.filter((record) => record !== undefined),
  );
  const sink = await startSink(db, [type], type.topic);
  await eventually(async () => expect(await storedUpTo(db, type.topic)).toBe(400));
  await sink.service.stop();
  expect(await count(db, "events.half_ping where n % 2 = 0 and n >= 0")).toBe(200);
  expect(await count(db, `pipeline.dead_letters where topic = '${type.topic}' and record_offset % 2 = 1`)).toBe(200);
});

test("when nothing can be stored the topic waits without dead letters, others go on, and it goes on when the cause is gone", async () => {
  const [broken, fine] = [typeOf("broken"), { ...typeOf("fine"), schemaId: 2 }];
  for (const { topic } of [broken, fine]) await createTopic(topic, 1);
  await createTable(broken);
  await db.owner.execute("alter table events.broken_ping add constraint nobody check (n > 1000000)");
  await produce(
    broken.topic,
    Array.from({ length: 300 }, (_, n) => goodRecord(broken, n)),
  );
  const sink = await startSink(db, [broken, fine], broken.topic);
  const open = async () =>
    (await sink.metrics.registry.getSingleMetricAsString("hailstream_sinks_circuit_open")).includes(
      `topic="${broken.topic}"} 1`,
    );
  await eventually(async () => expect(await open()).toBe(true));
  await produce(
    fine.topic,
    Array.from({ length: 50 }, (_, n) => goodRecord(fine, n)),
  );
  await eventually(async () => expect(await count(db, "events.fine_ping")).toBe(50));
  expect(await count(db, `pipeline.dead_letters where topic = '${broken.topic}'`)).toBe(0);
  expect(await count(db, "events.broken_ping")).toBe(0);

  await db.owner.execute("alter table events.broken_ping drop constraint nobody");
  // It tries ever more seldom: at worst it waits once more for as long as all this has taken.
  await eventually(async () => expect(await count(db, "events.broken_ping")).toBe(300), { timeoutMs: 180_000 });
  await eventually(async () => expect(await open()).toBe(false));
  await sink.service.stop();
  expect(sink.failures).toEqual([]);
});
