import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../runtime/index.ts";
import { advance, claim, migrate, sqlStateOf, sqlStates } from "../../store/index.ts";
import { asAnalyst, createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("store");
  await db.owner.execute("create table public.t (n int primary key)");
  await db.owner.execute("grant all on public.t to sink");
});
afterAll(() => db.drop());

const numbers = async () => (await db.owner.query<{ n: number }>("select n from public.t order by n")).map((r) => r.n);
const copySql = "copy public.t from stdin";

test("a transaction keeps all or nothing, a savepoint gives up a part", async () => {
  await db.owner.execute("truncate public.t");
  const failing = db.sink.transaction(async (tx) => {
    await tx.copyIn(copySql, Buffer.from("1\n2\n"));
    throw new Error("changed my mind");
  });
  await expect(failing).rejects.toThrow("changed my mind");
  expect(await numbers()).toEqual([]);

  const rows = await db.sink.transaction(async (tx) => {
    const copied = await tx.copyIn(copySql, [Buffer.from("1\n"), Buffer.from("2\n3\n")]);
    const refused = tx.savepoint(() => tx.copyIn(copySql, Buffer.from("4\n1\n")));
    await expect(refused).rejects.toMatchObject({ code: "store_rejected", fields: { sqlState: "23505" } });
    await tx.savepoint(() => tx.execute("insert into public.t values (5)"));
    return copied;
  });
  expect(rows).toBe(3);
  expect(await numbers()).toEqual([1, 2, 3, 5]);
});

test("a connection is good again after a failed COPY", async () => {
  await db.owner.execute("truncate public.t");
  for (let i = 0; i < 20; i++) {
    const bad = db.sink.transaction((tx) => tx.copyIn(copySql, Buffer.from("1\nx\n")));
    await expect(bad).rejects.toMatchObject({ code: "store_rejected" });
  }
  await db.sink.transaction((tx) => tx.copyIn(copySql, Buffer.from("7\n")), { synchronousCommit: false });
  expect(await numbers()).toEqual([7]);
});

test("a snapshot sees one moment and writes nothing", async () => {
  await db.owner.execute("truncate public.t");
  const seen = await db.sink.transaction(
    async (tx) => {
      const count = async () => (await tx.query("select * from public.t")).length;
      const before = await count();
      await db.sink.execute("insert into public.t values (1)");
      return [before, await count()];
    },
    { snapshot: true },
  );
  expect(seen).toEqual([0, 0]);
  expect(await numbers()).toEqual([1]);
  const write = db.sink.transaction((tx) => tx.execute("insert into public.t values (2)"), { snapshot: true });
  await expect(write).rejects.toMatchObject({ fields: { sqlState: "25006" } });
});

test("what is made once a connection is made again after a rollback", async () => {
  const make = "create temporary table stage (n int) on commit delete rows";
  for (const fails of [true, false, true, false]) {
    const work = db.sink.transaction(async (tx) => {
      await tx.oncePerConnection(make);
      await tx.execute("insert into pg_temp.stage values (1)");
      if (fails) throw new Error("no");
      return (await tx.query("select * from pg_temp.stage")).length;
    });
    if (fails) await expect(work).rejects.toThrow("no");
    else expect(await work).toBe(1);
  }
});

test("a cut connection is store_unavailable, and the next call has a new one", async () => {
  const cut = db.sink.transaction(async (tx) => {
    // The owner may not end the sink's sessions, so it asks by itself.
    return tx.query("select pg_terminate_backend(pg_backend_pid())");
  });
  await expect(cut).rejects.toMatchObject({ code: "store_unavailable", retryable: true });
  expect(await db.sink.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("only the newest claim can advance, and only from where the checkpoint stands", async () => {
  const key = { consumer: "c1", topic: "t", partition: 0 };
  const move = (epoch: bigint, expected: bigint, next: bigint) =>
    db.sink.transaction((tx) => advance(tx, { ...key, epoch, expected, next }));
  const first = await claim(db.sink, "c1", "t", 0, 5n);
  expect(first).toEqual({ epoch: 1n, nextOffset: 5n });
  expect(await move(first.epoch, 5n, 10n)).toBe(true);
  expect(await move(first.epoch, 5n, 10n)).toBe(false);
  const second = await claim(db.sink, "c1", "t", 0, 5n);
  expect(second).toEqual({ epoch: 2n, nextOffset: 10n });
  expect(await move(first.epoch, 10n, 20n)).toBe(false);
  expect(await move(second.epoch, 10n, 20n)).toBe(true);
});

test("a claim waits for the open transaction of the former owner and sees what it did", async () => {
  const key = { consumer: "c2", topic: "t", partition: 0 };
  const { epoch } = await claim(db.sink, "c2", "t", 0, 0n);
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let claiming: Promise<unknown> = Promise.resolve();
  const formerOwner = db.sink.transaction(async (tx) => {
    expect(await advance(tx, { ...key, epoch, expected: 0n, next: 7n })).toBe(true);
    // It would end the transaction that it is to wait for.
    claiming = claim(db.sink, "c2", "t", 0, 0n, 60_000);
    await held;
  });
  await eventually(async () => {
    const waiting = await db.owner.query("select from pg_locks where not granted and locktype = 'transactionid'");
    expect(waiting).toHaveLength(1);
  }).finally(letGo);
  await formerOwner;
  expect(await claiming).toEqual({ epoch: 2n, nextOffset: 7n });
});

test("a claim ends the session of a former owner that stopped in the middle of a COPY", async () => {
  const key = { consumer: "c3", topic: "t", partition: 0 };
  const { epoch } = await claim(db.sink, "c3", "t", 0, 0n);
  const stopped = new pg.Client({ connectionString: db.sinkUrl });
  stopped.on("error", () => undefined);
  await stopped.connect();
  await stopped.query("begin");
  await stopped.query("update pipeline.checkpoints set next_offset = 5 where consumer = 'c3'");
  // The server answers that it waits for data, and nothing ever comes. Given as text, pg would end it by itself.
  const data = stopped.query(copyFrom("copy public.t from stdin"));
  data.on("error", () => undefined);
  await eventually(async () => {
    const waiting = "select 1 from pg_stat_activity where query like 'copy public.t%' and wait_event = 'ClientRead'";
    // The statements of others are hidden from the owner.
    expect(await db.sink.query(`${waiting} and state = 'active'`)).toHaveLength(1);
  });
  expect(await claim(db.sink, "c3", "t", 0, 0n, 500)).toEqual({ epoch: epoch + 1n, nextOffset: 0n });
  const late = db.sink.transaction((tx) => advance(tx, { ...key, epoch, expected: 0n, next: 5n }));
  expect(await late).toBe(false);
  await stopped.end().catch(() => undefined);
});

test("migrations may be run again, and by several at once", async () => {
  await Promise.all([migrate(db.ownerUrl, silentLogger), migrate(db.ownerUrl, silentLogger)]);
});

test("the sink cannot change tables, the analyst cannot write nor look behind the events", async () => {
  const refused = { code: "store_failed", fields: { sqlState: sqlStates.insufficientPrivilege } };
  await expect(db.sink.execute("create table events.x (n int)")).rejects.toMatchObject(refused);
  await expect(db.sink.execute("create table public.x (n int)")).rejects.toMatchObject(refused);
  await expect(db.sink.execute("delete from pipeline.checkpoints")).rejects.toMatchObject(refused);
  const analyst = new pg.Client({ connectionString: asAnalyst(db.ownerUrl) });
  await analyst.connect();
  try {
    await db.owner.execute("create table events.probe (n int)");
    // What nobody has judged to be free of personal data is not readable; the owner of a table grants what is.
    for (const sql of [
      "select * from events.probe",
      "insert into events.probe values (1)",
      "select * from pipeline.checkpoints",
      "select pipeline.ensure_day_partition('probe', '2015-01-01')",
      "create table events.mine (n int)",
    ]) {
      await analyst.query("set default_transaction_read_only = off");
      const error = await analyst.query(sql).catch((cause: unknown) => cause);
      expect(sqlStateOf(error), sql).toBe(sqlStates.insufficientPrivilege);
    }
  } finally {
    await analyst.end();
    await db.owner.execute("drop table events.probe");
  }
});
