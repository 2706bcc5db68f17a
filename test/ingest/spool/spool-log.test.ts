import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SegmentFile } from "../../../ingest/spool/group-writer.ts";
import { openSpoolLog, type SpoolLog } from "../../../ingest/spool/spool-log.ts";
import { silentLogger } from "../../../runtime/index.ts";
import { newFolder, newMetrics, openSpool, readAll, readSome, recordOf } from "./fixtures.ts";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));
const segmentsIn = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith(".spool"))
    .sort();

test("what was appended is read in the order of the calls, by this process and by the next", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir);
  const calls = range(0, 50).map((n) =>
    spool.append(Number(n) % 2 === 0 ? "even" : "odd", [recordOf(n), recordOf(`${n}b`)]),
  );
  expect(spool.events).toBe(100);
  await Promise.all(calls);
  const wanted = (rest: number) => range(0, 50).flatMap((n) => (Number(n) % 2 === rest ? [n, `${n}b`] : []));
  expect(await readAll(spool)).toEqual({ even: wanted(0), odd: wanted(1) });
  expect(spool.isReadToEnd).toBe(true);
  // As a killed process leaves it: nothing is closed, nothing was released.
  const next = await openSpool(dir);
  expect(next.events).toBe(100);
  expect(await readAll(next)).toEqual({ even: wanted(0), odd: wanted(1) });
});

test("many calls share one answer of the disk", async () => {
  let syncs = 0;
  const openFile = async (path: string): Promise<SegmentFile> => {
    const file = await open(path, "ax");
    return {
      write: file.write.bind(file) as SegmentFile["write"],
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
      datasync() {
        syncs++;
        return file.datasync();
      },
    };
  };
  const spool = await openSpool(newFolder(), { openFile });
  await Promise.all(range(0, 500).map((n) => spool.append("topic", [recordOf(n)])));
  expect(syncs).toBeLessThan(5);
  expect((await readAll(spool)).topic).toEqual(range(0, 500));
});

test("what was released is not read again, and its segments are deleted", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir, { segmentBytes: 500 });
  for (const n of range(0, 60)) await spool.append("topic", [recordOf(n)]);
  expect(segmentsIn(dir).length).toBeGreaterThan(2);
  const before = segmentsIn(dir).length;
  const batch = await readSome(spool, 40);
  if (batch === undefined) throw new Error("nothing was read");
  await spool.release(batch);
  expect(spool.events).toBe(20);
  expect(segmentsIn(dir).length).toBeLessThan(before);

  const next = await openSpool(dir);
  expect(next.events).toBe(20);
  const rest = await readSome(next, 100);
  expect(rest?.topics.get("topic")?.map(({ value }) => String(value))).toEqual(range(40, 60));
  if (rest !== undefined) await next.release(rest);
  expect(segmentsIn(dir)).toEqual([]);
  // Sequences go on: a new event is not taken for one that was released.
  await next.append("topic", [recordOf("new")]);
  expect(await readAll(await openSpool(dir))).toEqual({ topic: ["new"] });
});

test("events that come while others are read and released are not forgotten", async () => {
  const spool = await openSpool(newFolder(), { segmentBytes: 700 });
  const seen: string[] = [];
  let serial = 0;
  const writing = (async () => {
    for (; serial < 300; serial++) await spool.append("topic", [recordOf(String(serial))]);
  })();
  while (seen.length < 300) {
    await spool.whenReadable();
    const batch = await readSome(spool, 7);
    if (batch === undefined) continue;
    for (const { value } of batch.topics.get("topic") ?? []) seen.push(String(value));
    await spool.release(batch);
  }
  await writing;
  expect(seen).toEqual(range(0, 300));
  expect(spool.events).toBe(0);
});

test("a torn tail is cut off and counted, whole events before it and new ones behind it are there", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir);
  for (const n of range(0, 10)) await spool.append("topic", [recordOf(n)]);
  const [name = ""] = segmentsIn(dir);
  const file = join(dir, name);
  const { size } = statSync(file);
  truncateSync(file, size - 5);
  appendFileSync(file, Buffer.alloc(300));

  const metrics = newMetrics();
  const next = await openSpool(dir, { metrics: metrics.spool });
  expect(await metrics.valueOf("torn_tails_total")).toBe(1);
  expect(await metrics.valueOf("torn_bytes_total")).toBeGreaterThan(300);
  expect(next.events).toBe(9);
  await next.append("topic", [recordOf("new")]);
  expect(await readAll(next)).toEqual({ topic: [...range(0, 9), "new"] });
  expect(await metrics.valueOf("lost_events_total")).toBe(0);
  expect((await readAll(await openSpool(dir, { metrics: metrics.spool }))).topic).toHaveLength(10);
  expect(await metrics.valueOf("torn_tails_total")).toBe(1);
});

test("damage in the middle is kept in a file, counted by event, and everything around it is read", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir);
  for (const n of range(0, 10)) await spool.append("topic", [recordOf(`value-${n}`)]);
  const [name = ""] = segmentsIn(dir);
  const file = join(dir, name);
  const bytes = readFileSync(file);
  const at = bytes.indexOf("value-4");
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  bytes.writeUInt8(bytes.readUInt8(bytes.indexOf("value-5")) ^ 1, bytes.indexOf("value-5"));
  writeFileSync(file, bytes);

  const metrics = newMetrics();
  const next = await openSpool(dir, { metrics: metrics.spool });
  const left = range(0, 10).filter((n) => !["4", "5"].includes(n));
  expect((await readAll(next)).topic).toEqual(left.map((n) => `value-${n}`));
  expect(await metrics.valueOf("damages_total")).toBe(1);
  expect(await metrics.valueOf("lost_events_total")).toBe(2);
  const kept = readdirSync(dir).filter((entry) => entry.endsWith(".damaged"));
  expect(kept).toHaveLength(1);
  const keptBytes = readFileSync(join(dir, kept[0] ?? ""));
  expect(bytes.indexOf(keptBytes)).toBe(Number(/at-(\d+)/.exec(kept[0] ?? "")?.[1]));
});

test("events that are read in several pieces of a file are whole, and damage at the seams costs only what it hits", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir);
  const large = (n: number) => ({ key: "key", value: Buffer.alloc(290_000 + n, n) });
  for (let n = 0; n < 24; n++) await spool.append("topic", [large(n)]);
  const numbersIn = async (from: SpoolLog) => {
    const numbers: number[] = [];
    for (let batch = await readSome(from, 5); batch !== undefined; batch = await readSome(from, 5)) {
      for (const { value } of batch.topics.get("topic") ?? []) {
        const number = value?.[0] ?? -1;
        expect(value?.equals(large(number).value)).toBe(true);
        numbers.push(number);
      }
    }
    return numbers;
  };
  expect(await numbersIn(spool)).toEqual(Array.from({ length: 24 }, (_, n) => n));

  // Pieces are 2 MiB: the seventh event lies over the first seam. The next damage is longer than an event may be.
  const file = join(dir, segmentsIn(dir)[0] ?? "");
  const bytes = readFileSync(file);
  bytes.fill(0xff, 2 * 1024 * 1024 - 10, 2 * 1024 * 1024 + 10);
  bytes.fill(0xff, 3_000_000, 5_500_000);
  writeFileSync(file, bytes);
  const metrics = newMetrics();
  const left = await numbersIn(await openSpool(dir, { metrics: metrics.spool }));
  expect(left).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 19, 20, 21, 22, 23]);
  expect(await metrics.valueOf("lost_events_total")).toBe(24 - left.length);
});

test("a segment that is missing, or has lost its head, is told and does not stop the others", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir, { segmentBytes: 500 });
  for (const n of range(0, 30)) await spool.append("topic", [recordOf(n)]);
  const [, second = ""] = segmentsIn(dir);
  const file = join(dir, second);
  const bytes = readFileSync(file);
  bytes.writeUInt8(0, 3);
  writeFileSync(file, bytes);
  const metrics = newMetrics();
  const next = await openSpool(dir, { metrics: metrics.spool });
  const { topic = [] } = await readAll(next);
  expect(topic.length).toBeGreaterThan(10);
  expect(await metrics.valueOf("damages_total")).toBe(1);
  expect(await metrics.valueOf("lost_events_total")).toBe(30 - topic.length);
  expect(readFileSync(join(dir, readdirSync(dir).find((entry) => entry.endsWith(".damaged")) ?? ""))).toEqual(bytes);
});

test("a damaged position costs only that events are sent again", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir, { segmentBytes: 500 });
  for (const n of range(0, 30)) await spool.append("topic", [recordOf(n)]);
  const batch = await readSome(spool, 3);
  if (batch !== undefined) await spool.release(batch);
  writeFileSync(join(dir, "position"), "9999999 abc\n");
  expect((await readAll(await openSpool(dir))).topic).toEqual(range(0, 30));
});

test("a full spool refuses, and takes events again when some have left it", async () => {
  const spool = await openSpool(newFolder(), { maxBytes: 20_000 });
  const big = (n: string) => ({ ...recordOf(n), value: Buffer.alloc(1_000) });
  let taken = 0;
  await expect(
    (async () => {
      for (; taken < 100; taken++) await spool.append("topic", [big(String(taken))]);
    })(),
  ).rejects.toMatchObject({ code: "spool_full", retryable: true });
  expect(taken).toBeGreaterThan(10);
  expect(spool.bytes).toBeLessThanOrEqual(20_000);
  const batch = await readSome(spool, 100);
  if (batch !== undefined) await spool.release(batch);
  await spool.append("topic", [big("more")]);
  expect(spool.events).toBe(1);
});

test("a disk that refuses is told to everyone who waits, and nothing that it took before or after is lost", async () => {
  let refuses = false;
  const noSpace = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
  const openFile = async (path: string): Promise<SegmentFile> => {
    const file = await open(path, "ax");
    return {
      // As a full disk does it: a part is written.
      write: (async (bytes: Buffer, from: number, length: number, at: number) =>
        refuses && length > 20
          ? file.write(bytes, from, 20, at)
          : refuses
            ? noSpace()
            : file.write(bytes, from, length, at)) as SegmentFile["write"],
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
      datasync: () => (refuses ? noSpace() : file.datasync()),
    };
  };
  const dir = newFolder();
  const metrics = newMetrics();
  const spool = await openSpool(dir, { openFile, metrics: metrics.spool });
  for (const n of range(0, 5)) await spool.append("topic", [recordOf(n)]);
  refuses = true;
  const refused = await Promise.allSettled(range(5, 10).map((n) => spool.append("topic", [recordOf(n)])));
  for (const one of refused) expect(one).toMatchObject({ reason: { code: "spool_write_failed", retryable: true } });
  await expect(spool.append("topic", [recordOf("10")])).rejects.toMatchObject({ code: "spool_write_failed" });
  expect(spool.events).toBe(5);
  refuses = false;
  await spool.append("topic", [recordOf("11")]);
  const left = { topic: [...range(0, 5), "11"] };
  expect(await readAll(spool)).toEqual(left);
  expect(await readAll(await openSpool(dir, { metrics: metrics.spool }))).toEqual(left);
  expect(await metrics.valueOf("lost_events_total")).toBe(0);
  expect(await metrics.valueOf("write_failures_total")).toBe(2);
});

test("an event that Kafka would refuse is not let in", async () => {
  const spool = await openSpool(newFolder());
  const huge = { key: null, value: Buffer.alloc(900_000) };
  await expect(spool.append("topic", [huge])).rejects.toMatchObject({ code: "kafka_record_too_large" });
});

test("a directory that cannot be used is an error at the start that names it", async () => {
  const dir = join(newFolder(), "file");
  writeFileSync(dir, "");
  await expect(openSpool(join(dir, "spool"))).rejects.toMatchObject({
    code: "spool_unusable",
    retryable: false,
    message: expect.stringContaining(dir),
  });
});

test("a second process cannot use the directory, until the first one has ended", async () => {
  const dir = newFolder();
  const spool = await openSpool(dir);
  const open = () =>
    openSpoolLog({
      dir,
      maxBytes: 1_000_000,
      metrics: newMetrics().spool,
      log: silentLogger,
      now: Date.now,
      lockPatienceMs: 100,
    });
  if (process.platform === "linux")
    await expect(open()).rejects.toMatchObject({ code: "spool_in_use", retryable: false });
  await spool.close();
  await (await open()).close();
});
