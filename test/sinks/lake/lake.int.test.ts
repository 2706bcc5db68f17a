import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, type Service, silentLogger } from "../../../runtime/index.ts";
import { envelopeHeaders, exampleOf, loadCatalogue, type Schemas } from "../../../schemas/index.ts";
import { storedTables } from "../../../sinks/index.ts";
import { createFolderStorage } from "../../../sinks/lake/folder-storage.ts";
import { createLakeRunner, type LakeRunnerParts } from "../../../sinks/lake/lake-runner.ts";
import { stagingFolder } from "../../../sinks/lake/paths.ts";
import { createReader } from "../../../sinks/lake/service.ts";
import type { LakeStorage } from "../../../sinks/lake/storage.ts";
import { ingestProcess } from "../../ingest/ingest-process.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { type S3Mock, startS3Mock } from "../../support/s3-mock.ts";
import { eventually } from "../../support/wait.ts";
import { connection, createTestDatabase, createTopic, produce, storedUpTo, type TestDatabase } from "../pipeline.ts";
import { duck } from "./duck.ts";

const run = randomUUID().slice(0, 8);
const catalogue = loadCatalogue();
const dir = mkdtempSync(join(tmpdir(), "hailstream-lake-"));
let db: TestDatabase;
let offline: { readonly schemas: Schemas; stop(): Promise<void> };

beforeAll(async () => {
  db = await createTestDatabase("lake");
  offline = await startOfflineSchemas();
});
afterAll(async () => {
  await offline?.stop();
  await db?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const typeNames = ["app.error", "driver.status"] as const;

/** An event of one of two types, in one of two hours. */
function event(n: number): OutgoingRecord {
  const type = typeNames[n % 2] as string;
  const data = exampleOf(catalogue.types.get(type) as never);
  const time = `2015-01-31T${n % 4 < 2 ? 11 : 12}:00:00.000Z`;
  const envelope = { id: `${run}-${n}`, type, source: "/test", time, receivedAt: 1_422_705_600_000 };
  return { key: `key ${n % 50}`, value: offline.schemas.encode(type, data), headers: envelopeHeaders(envelope) };
}

async function startRunner(
  topic: string,
  storage: LakeStorage,
  more: Partial<LakeRunnerParts> = {},
): Promise<{ readonly service: Service; readonly failed: Promise<unknown>; stop(): Promise<void> }> {
  let fail: (cause: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const service = createLakeRunner({
    ...{ name: "test lake", connection: connection(), db: db.sink, storage, groupId: topic, topics: [topic] },
    read: createReader(offline.schemas, storedTables(catalogue.types.values())),
    ...{ log: silentLogger, metrics: createMetrics(), maxAgeMs: 400, maxRows: 400, maxBufferBytes: 1_048_576 },
    ...{ concurrency: 2, sessionTimeoutMs: 6_000 },
    ...more,
  });
  await service.start(fail);
  return { service, failed, stop: async () => service.stop() };
}

/** What a reader of the whole lake sees. */
const inLake = (root: string) =>
  duck<{ type: string; hour: string; n: string; ids: string }>(`
    select type, hour, count(*) as n, count(distinct event_id) as ids
    from read_parquet('${root}/**/*.parquet', hive_partitioning = true, union_by_name = true)
    group by all order by all`);

async function manifest(topic: string) {
  const sql = `select count(*)::int as files, coalesce(sum(rows), 0)::int as rows,
                      count(*) filter (where published_at is null)::int as waiting from lake.files where consumer = $1`;
  return (await db.owner.query(sql, [topic]))[0];
}

/** The offsets that the group has committed, a partition each; "-1" where it has committed none. */
async function committedOf(topic: string): Promise<string[]> {
  const admin = connection().kafka.admin();
  await admin.connect();
  try {
    const [found] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
    return found?.partitions.map(({ offset }) => offset) ?? [];
  } finally {
    await admin.disconnect();
  }
}

const parquetFiles = (root: string) =>
  readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".parquet"));

test("each record is in one file of its type, date and hour; what is unreadable is a dead letter; a restart adds nothing", async () => {
  const topic = `lake-once-${run}`;
  const root = join(dir, "once");
  await createTopic(topic);
  const events = Array.from({ length: 3_000 }, (_, n) => event(n));
  const whole = event(0).value as Buffer;
  const bad = [Buffer.from("no Avro"), whole.subarray(0, -3)].map((value) => ({ ...event(0), value }));
  await produce(topic, [...events.slice(0, 1_500), ...bad, ...events.slice(1_500), { key: "gone", value: null }]);

  const first = await startRunner(topic, createFolderStorage(root));
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(3_003));
  await first.stop();
  const expected = typeNames.flatMap((type) => ["11", "12"].map((hour) => ({ type, hour, n: "750", ids: "750" })));
  expect(await inLake(root)).toEqual(expected);
  expect(await manifest(topic)).toMatchObject({ rows: 3_000, waiting: 0, files: parquetFiles(root).length });
  const letters = await db.owner.query("select reason from pipeline.dead_letters where consumer = $1 order by 1", [
    topic,
  ]);
  expect(letters).toEqual([{ reason: "sink_record_unreadable" }, { reason: "sink_record_unreadable" }]);

  const again = await startRunner(topic, createFolderStorage(root));
  await produce(topic, [event(3_000)]);
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(3_004));
  await again.stop();
  expect((await inLake(root)).reduce((sum, { n }) => sum + Number(n), 0)).toBe(3_001);
});

test("what was gathered and not stored is read again after a crash, also when nothing new comes", async () => {
  const topic = `lake-quiet-${run}`;
  const root = join(dir, "quiet");
  await createTopic(topic, 1);
  await produce(
    topic,
    Array.from({ length: 10 }, (_, n) => event(n)),
  );
  const patient = { maxAgeMs: 3_600_000 };
  const metrics = createMetrics();
  const dead: LakeStorage = {
    ...createFolderStorage(root),
    put: () => Promise.reject(new Error("the machine is gone")),
  };
  const first = await startRunner(topic, dead, { ...patient, metrics });
  await eventually(async () =>
    expect(await metrics.registry.metrics()).toMatch(/hailstream_lake_waiting_bytes \d{3,}/),
  );
  // The consumer has committed, and not beyond what is stored.
  await eventually(async () => expect(await committedOf(topic)).toEqual(["0"]));
  await first.stop();
  expect(await storedUpTo(db, topic)).toBe(0);

  const second = await startRunner(topic, createFolderStorage(root));
  await eventually(async () => expect(await storedUpTo(db, topic)).toBe(10));
  await second.stop();
  expect((await inLake(root)).reduce((sum, { n }) => sum + Number(n), 0)).toBe(10);
});

describe("a crash at each step of a flush", () => {
  /** Storage that dies before or after its call number `at`, for good. */
  function dying(
    storage: LakeStorage,
    at: number,
    when: "before" | "after",
  ): LakeStorage & { readonly calls: () => number } {
    let calls = 0;
    let dead = false;
    const die = () => {
      dead = true;
      throw new Error("the machine is gone");
    };
    const step = async <T>(work: () => Promise<T>): Promise<T> => {
      if (dead) return die();
      const last = ++calls === at;
      if (last && when === "before") die();
      const result = await work();
      return last ? die() : result;
    };
    return {
      ...{ name: storage.name, check: storage.check, list: storage.list, calls: () => calls },
      put: (path, bytes) => step(() => storage.put(path, bytes)),
      move: (from, to) => step(() => storage.move(from, to)),
      remove: (path) => step(() => storage.remove(path)),
    };
  }

  test("loses no record and stores none twice, and leaves nothing behind", async () => {
    const topic = `lake-crash-${run}`;
    const root = join(dir, "crash");
    await createTopic(topic, 1);
    let sent = 0;
    // A flush of two types and two hours stages four files and moves four.
    for (const when of ["before", "after"] as const) {
      for (let at = 1; at <= 8; at++) {
        await produce(
          topic,
          Array.from({ length: 20 }, () => event(sent++)),
        );
        const storage = dying(createFolderStorage(root), at, when);
        const runner = await startRunner(topic, storage, { maxAgeMs: 100 });
        expect(String(await runner.failed)).toContain("the machine is gone");
        await runner.stop();
      }
    }
    const last = await startRunner(topic, createFolderStorage(root));
    await eventually(async () => expect(await manifest(topic)).toMatchObject({ rows: sent, waiting: 0 }));
    await last.stop();
    const seen = await inLake(root);
    expect(seen.reduce((sum, { n }) => sum + Number(n), 0)).toBe(sent);
    expect(seen.reduce((sum, { ids }) => sum + Number(ids), 0)).toBe(sent);
    expect(await manifest(topic)).toMatchObject({ rows: sent, waiting: 0, files: parquetFiles(root).length });
    expect(await createFolderStorage(root).list(stagingFolder)).toEqual([]);
  });

  test("two processes with the same name share the partitions, and a fenced one leaves no file", async () => {
    const topic = `lake-two-${run}`;
    const root = join(dir, "two");
    await createTopic(topic, 4);
    const first = await startRunner(topic, createFolderStorage(root), { maxRows: 50 });
    let sent = 0;
    const send = () =>
      produce(
        topic,
        Array.from({ length: 500 }, () => event(sent++)),
      );
    await send();
    for (let round = 0; round < 3; round++) {
      const second = await startRunner(topic, createFolderStorage(root), { maxRows: 50 });
      await send();
      await second.stop();
      await send();
    }
    await eventually(async () => expect(await storedUpTo(db, topic)).toBe(sent));
    await first.stop();
    const seen = await inLake(root);
    expect(seen.reduce((sum, { n }) => sum + Number(n), 0)).toBe(sent);
    expect(seen.reduce((sum, { ids }) => sum + Number(ids), 0)).toBe(sent);
    expect(await createFolderStorage(root).list(stagingFolder)).toEqual([]);
  });
});

describe("hailstream lake, as users run it, into a bucket", () => {
  let s3: S3Mock;
  let door: ReturnType<typeof ingestProcess>;
  const lakes: ChildProcess[] = [];
  const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

  beforeAll(async () => {
    s3 = await startS3Mock();
    const shared = ["--kafka-brokers", inject("kafka"), "--registry-url", inject("registry")];
    const own = ["--registry-cache-dir", join(dir, "schemas"), "--ingest-data-dir", join(dir, "ingest")];
    door = ingestProcess([...shared, ...own, "--ingest-allow-anonymous", "true"]);
  });
  afterAll(async () => {
    for (const lake of lakes) lake.kill("SIGKILL");
    await door?.stop();
    await s3?.stop();
  });

  async function startLake(): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      [
        ...["main.ts", "lake", "--json", "--log-level", "warn", "--lake-metrics-port", "0"],
        ...["--lake-s3-bucket", s3.bucket, "--lake-s3-prefix", `${run}/`, "--lake-s3-endpoint", s3.endpoint],
        ...["--lake-types", "app.error", "--lake-group-id", `bucket-${run}`, "--lake-max-age-ms", "200"],
        ...["--lake-session-timeout-ms", "6000", "--registry-cache-dir", join(dir, "schemas")],
        ...["--kafka-brokers", inject("kafka"), "--registry-url", inject("registry")],
        ...["--postgres-url", db.ownerUrl, "--postgres-sink-url", db.sinkUrl],
      ],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...credentials } },
    );
    lakes.push(child);
    for await (const _ready of createInterface(child.stdout)) return child;
    throw new Error("the lake ended before it was ready");
  }

  test("events that were acknowledged are in the bucket once, through two kill -9", async () => {
    await door.start();
    const data = exampleOf(catalogue.types.get("app.error") as never);
    let sent = 0;
    const post = async (count: number) => {
      const events = Array.from({ length: count }, () => ({
        ...{ specversion: "1.0", id: `bucket-${run}-${sent++}`, type: "app.error", source: "/apps/rider/ios/6.1.2" },
        ...{ time: "2026-11-22T21:11:41.123Z", data },
      }));
      const response = await fetch(`${door.url}/v1/events`, {
        ...{ method: "POST", headers: { "content-type": "application/cloudevents-batch+json" } },
        body: JSON.stringify(events),
      });
      expect(await response.json()).toMatchObject({ accepted: count });
    };
    const mine = `select coalesce(sum(rows), 0)::int as rows from lake.files where consumer = 'bucket-${run}' and published_at is not null`;
    const inBucket = (rows: number) =>
      eventually(
        async () => expect((await db.owner.query<{ rows: number }>(mine))[0]?.rows).toBeGreaterThanOrEqual(rows),
        { everyMs: 100 },
      );
    let lake = await startLake();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) await post(100);
      if (round === 0) await inBucket(sent);
      const ended = once(lake, "exit");
      lake.kill("SIGKILL");
      await ended;
      await post(100);
      lake = await startLake();
    }
    await inBucket(sent);
    const ended = once(lake, "exit");
    lake.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);

    const files = await db.owner.query<{ path: string }>(
      `select path from lake.files where consumer = 'bucket-${run}'`,
    );
    expect(files.length).toBeGreaterThan(1);
    const local = await Promise.all(
      files.map(async ({ path }, i) => {
        const response = await fetch(
          `${s3.endpoint}/${s3.bucket}/${run}/${path.split("/").map(encodeURIComponent).join("/")}`,
        );
        expect(response.status).toBe(200);
        const file = join(dir, `bucket-${i}.parquet`);
        await writeFile(file, Buffer.from(await response.arrayBuffer()));
        return file;
      }),
    );
    const list = local.map((file) => `'${file}'`).join(", ");
    const [seen] = await duck(
      `select count(*) as n, count(distinct event_id) as ids from read_parquet([${list}], union_by_name = true)
       where event_id like 'bucket-${run}-%'`,
    );
    expect(seen).toEqual({ n: String(sent), ids: String(sent) });
  });

  test("a bucket that is not there is refused at the start, in words", async () => {
    const args = ["main.ts", "lake", "--lake-s3-bucket", "no-such-bucket", "--lake-s3-endpoint", s3.endpoint];
    const more = [
      "--postgres-url",
      db.ownerUrl,
      "--lake-metrics-port",
      "0",
      "--registry-cache-dir",
      join(dir, "schemas"),
    ];
    const addresses = ["--kafka-brokers", inject("kafka"), "--registry-url", inject("registry")];
    const child = spawn(process.execPath, [...args, ...more, ...addresses], {
      ...{ stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...credentials } },
    });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      words += text;
    });
    const [code] = await once(child, "close");
    expect(code).not.toBe(0);
    expect(words).toContain("lake_storage_refused");
    expect(words).toContain("s3://no-such-bucket/");
  });
});
