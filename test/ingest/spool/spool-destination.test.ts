import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { open as openOnDisk } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { SegmentFile } from "../../../ingest/spool/group-writer.ts";
import { orphanedSpools, spoolDir } from "../../../ingest/spool/orphans.ts";
import { createSpoolDestination, type SpoolDestinationParts } from "../../../ingest/spool/spool-destination.ts";
import { silentLogger } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";
import { createFakeKafka } from "./fake-kafka.ts";
import { newFolder, newMetrics, openSpool, recordOf } from "./fixtures.ts";

const mebibyte = 1024 * 1024;

function newKafka(deliveryTimeoutMs = 200, maxBufferedBytes?: number) {
  const kafka = createFakeKafka(deliveryTimeoutMs, maxBufferedBytes);
  onTestFinished(() => kafka.close());
  return kafka;
}

async function open(kafka: ReturnType<typeof createFakeKafka>, dir: string, more: Partial<SpoolDestinationParts> = {}) {
  const metrics = newMetrics();
  const destination = createSpoolDestination({
    dir,
    maxBytes: 64 * mebibyte,
    afterMs: 50,
    producer: kafka.producer,
    metrics: metrics.spool,
    log: silentLogger,
    ...more,
  });
  await destination.start((cause) => {
    throw cause;
  });
  onTestFinished(() => destination.stop());
  return {
    metrics,
    destination,
    send: (value: string, replicated = false, key = "key") =>
      destination.send("topic", [recordOf(value, key)], { replicated }),
  };
}

test("with Kafka there nothing goes to the disk", async () => {
  const kafka = newKafka();
  const dir = newFolder();
  const { send, destination } = await open(kafka, dir);
  expect(await send("1")).toBe("replicated");
  expect(await send("2", true)).toBe("replicated");
  expect(kafka.written).toEqual(["1", "2"]);
  expect(readdirSync(dir)).toEqual(["position"]);
  expect(destination.readiness()).toEqual({});
});

test("the first missing acknowledgement sends all that wait to the disk; later events do not ask Kafka; all of it comes in order", async () => {
  // Longer than the test may take: none of these answers waits for Kafka to give up.
  const kafka = newKafka(60_000);
  const { send, metrics, destination } = await open(kafka, newFolder());
  await send("0");
  kafka.leave("waits");
  expect(await Promise.all(["1", "2", "3"].map((value) => send(value)))).toEqual(["local", "local", "local"]);
  for (const value of ["4", "5", "6", "7", "8"]) expect(await send(value)).toBe("local");
  await expect(send("9", true)).rejects.toMatchObject({ code: "durability_unavailable" });
  expect(destination.readiness()).toEqual({});
  await eventually(async () => (await metrics.valueOf("depth_events")) === 8);
  expect(await metrics.valueOf("local_events_total")).toBe(8);
  await eventually(async () => (await metrics.valueOf("oldest_seconds")) > 0);

  kafka.comeBack();
  await eventually(async () => (await send("after")) === "replicated");
  const first = [...new Set(kafka.written)];
  expect(first).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "after"]);
  // The files go, and the next look says that there is no oldest one, some time after the last event has gone.
  for (const noun of ["depth_events", "depth_bytes", "oldest_seconds"]) {
    await eventually(async () => expect(await metrics.valueOf(noun), noun).toBe(0));
  }
});

test("an event that asks for more than the disk waits for Kafka alone", async () => {
  const kafka = newKafka(300);
  const { send } = await open(kafka, newFolder());
  kafka.leave("waits");
  const asked = send("1", true);
  expect(await send("2")).toBe("local");
  await expect(asked).rejects.toMatchObject({ code: "kafka_produce_failed" });
});

test("events that Kafka cannot take for good are refused and do not go to the disk", async () => {
  const kafka = newKafka();
  const { destination } = await open(kafka, newFolder());
  const huge = { key: null, value: Buffer.alloc(200_000) };
  await expect(destination.send("topic", [huge], { replicated: false })).rejects.toMatchObject({
    code: "kafka_record_too_large",
  });
});

test("when Kafka is slow and its buffer full, the disk takes the overflow", async () => {
  // Longer than the test may take: what goes to the disk goes there because the buffer is full.
  const kafka = newKafka(300_000, 3_000);
  const { destination, metrics } = await open(kafka, newFolder(), { afterMs: 200_000 });
  kafka.leave("waits");
  const big = (n: number) => [{ ...recordOf(String(n)), value: Buffer.from(String(n).padStart(1_000)) }];
  const sent = Array.from({ length: 6 }, (_, n) => destination.send("topic", big(n), { replicated: false }));
  expect(await Promise.race(sent)).toBe("local");
  kafka.comeBack();
  expect((await Promise.all(sent)).filter((one) => one === "replicated").length).toBeGreaterThan(0);
  await eventually(() => kafka.written.length >= 6);
  expect(kafka.written.map(Number).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  await eventually(async () => (await metrics.valueOf("drained_events_total")) > 0);
});

test("a disk that hangs does not keep the senders, and what it writes late comes twice at most", async () => {
  const kafka = newKafka();
  let hang: Promise<void> | undefined;
  const openFile = async (path: string): Promise<SegmentFile> => {
    const file = await openOnDisk(path, "ax");
    return {
      write: file.write.bind(file) as SegmentFile["write"],
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
      // The machine's own disk may be slow, and is not what hangs here.
      datasync: async () => hang,
    };
  };
  const { send } = await open(kafka, newFolder(), { openFile, diskTimeoutMs: 300 });
  kafka.leave("waits");
  expect(await send("1")).toBe("local");
  let goOn: () => void = () => undefined;
  hang = new Promise((resolve) => {
    goOn = resolve;
  });
  await expect(send("2")).rejects.toMatchObject({ code: "spool_write_failed", retryable: true });
  goOn();
  expect(await send("2")).toBe("local");
  kafka.comeBack();
  await eventually(async () => (await send("3")) === "replicated");
  expect([...new Set(kafka.written)]).toEqual(["1", "2", "3"]);
});

test("a full spool answers retry and is not ready, and takes events again when Kafka has taken some", async () => {
  const kafka = newKafka();
  const { destination } = await open(kafka, newFolder(), { maxBytes: 50_000 });
  const big = (n: number) => [{ ...recordOf(String(n)), value: Buffer.from(String(n).padStart(9_000)) }];
  kafka.leave("waits");
  const outcomes: string[] = [];
  for (let n = 0; n < 12; n++) {
    outcomes.push(
      await destination.send("topic", big(n), { replicated: false }).catch(({ code }: { code: string }) => code),
    );
  }
  expect(outcomes.slice(0, 4)).toEqual(["local", "local", "local", "local"]);
  expect(outcomes.slice(6)).toEqual(Array(6).fill("spool_full"));
  expect(Object.keys(destination.readiness())).toEqual(["spool"]);
  kafka.comeBack();
  await eventually(async () => (await destination.send("topic", big(99), { replicated: false })) === "replicated");
  expect(destination.readiness()).toEqual({});
  const acknowledged = outcomes.flatMap((outcome, n) => (outcome === "local" ? [n] : []));
  expect([...new Set(kafka.written.map(Number))]).toEqual([...acknowledged, 99]);
});

test("what a killed process left is sent before anything new, also what lies in folders of workers that are no more", async () => {
  const kafka = newKafka();
  const dataDir = newFolder();
  for (const [worker, value] of [
    [1, "own"],
    [3, "third"],
    [12, "twelfth"],
  ] as const) {
    const spool = await openSpool(spoolDir(dataDir, worker));
    await spool.append("topic", [recordOf(value)]);
    await spool.close();
  }
  mkdirSync(join(dataDir, "worker-4", "duplicates"), { recursive: true });
  const { send, metrics } = await open(kafka, spoolDir(dataDir, 1), { orphans: () => orphanedSpools(dataDir, 2) });
  await send("new");
  await eventually(() => kafka.written.length >= 4);
  expect(kafka.written).toEqual(["third", "twelfth", "own", "new"]);
  await eventually(async () => (await metrics.valueOf("depth_events")) === 0);
  await eventually(() => readdirSync(join(dataDir, "worker-12")).length === 0);
  expect(await orphanedSpools(dataDir, 2)).toEqual([]);
  expect(await orphanedSpools(join(dataDir, "none"), 1)).toEqual([]);
});

/** A door that can die as by kill -9: from one moment to the next nobody hears of it any more, and only its files are left. */
async function openMortal(
  kafka: ReturnType<typeof createFakeKafka>,
  dir: string,
  more: Partial<SpoolDestinationParts>,
) {
  let isDead = false;
  let die: (outcome: "retry") => void = () => undefined;
  const death = new Promise<"retry">((resolve) => {
    die = resolve;
  });
  const producer: SpoolDestinationParts["producer"] = {
    // What was sent before may still arrive.
    send: (topic, records) => (isDead ? new Promise(() => undefined) : kafka.producer.send(topic, records)),
    get connected() {
      return kafka.producer.connected;
    },
  };
  const { send } = await open(kafka, dir, { ...more, producer });
  return {
    send: (...args: Parameters<typeof send>) => Promise.race([send(...args), death]),
    /** Gives the directory as it is in this moment. */
    die(): string {
      isDead = true;
      const left = newFolder();
      cpSync(dir, left, { recursive: true });
      die("retry");
      return left;
    },
  };
}

/** A number from 0 up to 1, the same ones for the same seed. */
function randomOf(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const seeds = Number(process.env.HAILSTREAM_SPOOL_SEEDS ?? 1);
const firstSeed = Number(process.env.HAILSTREAM_SPOOL_FIRST_SEED ?? Math.floor(Math.random() * 1e9));

test("random outages, deaths and load: nothing acknowledged is lost and each key keeps its order", {
  timeout: 120_000 + seeds * 20_000,
}, async () => {
  const play = async (seed: number) => {
    const random = randomOf(seed);
    const kafka = createFakeKafka(120);
    let door = await openMortal(kafka, newFolder(), {
      afterMs: 20 + Math.floor(random() * 40),
      maxBytes: 2 * mebibyte,
    });
    let running = true;
    const acknowledged: string[] = [];
    // As an app: the next event is sent when the one before it is answered; one that is not accepted is sent again.
    const clients = Array.from({ length: 8 }, async (_, key) => {
      for (let n = 0; running; ) {
        const value = `${key}-${n}`;
        const outcome = await door.send(value, random() < 0.05, String(key)).catch(() => "retry");
        if (outcome !== "retry") {
          acknowledged.push(value);
          n++;
        }
        await new Promise((resolve) => setTimeout(resolve, random() * 4));
      }
    });
    for (let step = 0; step < 12; step++) {
      const dice = random();
      if (dice < 0.25) kafka.leave("waits");
      else if (dice < 0.4) kafka.leave("fails");
      else if (dice < 0.5) kafka.leave("fails after writing");
      else if (dice < 0.8) kafka.comeBack();
      else door = await openMortal(kafka, door.die(), { afterMs: 30, maxBytes: 2 * mebibyte });
      await new Promise((resolve) => setTimeout(resolve, random() * 250));
    }
    kafka.comeBack();
    await eventually(async () => (await door.send("end", true, "end").catch(() => "retry")) === "replicated");
    await eventually(() => acknowledged.length > 200);
    running = false;
    await Promise.all(clients);
    const lost = () => {
      const found = new Set(kafka.written);
      return acknowledged.filter((value) => !found.has(value));
    };
    await eventually(() => expect(lost(), `lost with seed ${seed}`).toEqual([]));
    const written = new Set(kafka.written);
    kafka.close();
    for (let key = 0; key < 8; key++) {
      const order = [...written].filter((value) => value.startsWith(`${key}-`)).map((value) => Number(value.slice(2)));
      expect(order, `order of key ${key} with seed ${seed}`).toEqual(order.map((_, n) => n));
    }
  };
  for (let i = 0; i < seeds; i++) await play(firstSeed + i);
});
