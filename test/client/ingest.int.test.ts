import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { fileStorage } from "../../client/adapters/file.ts";
import { createClient, dropReport, fetchNetwork, type Network, type Storage } from "../../client/index.ts";
import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import { type Door, openDoor, recordsOf } from "../ingest/door.ts";
import { eventually } from "../support/wait.ts";
import { oldClock } from "./old-clock.ts";
import { chance, ModelIngest, SimulatedClock } from "./world.ts";

let door: Door;
let folder = "";
beforeAll(async () => {
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
  folder = await mkdtemp(join(tmpdir(), "hailstream-sdk-"));
});
afterAll(async () => {
  await door.close();
  await rm(folder, { recursive: true });
});

/** What a process that is killed does to what it was doing: nothing ends any more. */
function mortal(storage: Storage, network: Network) {
  const life = { over: false };
  const until = <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) => {
    return (...args: Args) => (life.over ? new Promise<Result>(() => undefined) : run(...args));
  };
  const { list, read, append, write, remove } = storage;
  const mine = {
    list: until(list),
    read: until(read),
    append: until(append),
    write: until(write),
    remove: until(remove),
  };
  return { life, storage: mine, network: until(network) };
}

/** What a report says, decoded as a sink does. */
async function dropsOf(report: KafkaRecord): Promise<readonly Drop[]> {
  const decoded = await door.schemas.decode(report.value as Buffer);
  if (!decoded.ok) throw new Error("the report cannot be decoded");
  return decoded.value.dropped as readonly Drop[];
}

type Drop = { readonly event_type: string | null; readonly reason: string; readonly count: number };

test("lost answers, refused connections and three deaths: each event is in Kafka once, in order per key, or reported", async () => {
  const random = chance(3);
  const { clock, prefix } = oldClock();
  const send = fetchNetwork();
  const lossy: Network = async (request) => {
    if (random() < 0.2) throw new Error("no connection");
    const answer = await send(request);
    if (random() < 0.4) throw new Error("the answer was lost");
    return answer;
  };
  const boot = (network: Network) => {
    const parts = mortal(fileStorage(join(folder, prefix)), network);
    const client = createClient({
      url: door.url,
      key: door.key,
      source: "/apps/driver/test",
      classes: { "driver.location": "bulk", "safety.sos": "critical" },
      clock,
      batchBytes: 4_096,
      maxBackoffMs: 20,
      ...parts,
    });
    return { client, life: parts.life };
  };
  const kept: Promise<unknown>[] = [];
  const wanted: string[] = [];
  const numbers = new Map<string, number>();
  let { client, life } = boot(lossy);
  for (let turn = 0; turn < 4; turn++) {
    for (let event = 0; event < 100; event++) {
      const driver = `drv_${prefix}_${Math.floor(random() * 5)}`;
      const n = (numbers.get(driver) ?? 0) + 1;
      numbers.set(driver, n);
      const isBad = random() < 0.05;
      const data = { driver_id: driver, latitude: isBad ? "north" : 40.7, longitude: -74 };
      const tracked = client.track("driver.location", data, String(n));
      kept.push(tracked.kept);
      if (!isBad) wanted.push(tracked.id);
      if (event % 25 === 0) void client.flush();
    }
    await Promise.all(kept);
    if (turn < 3) {
      const before = client.status().delivered;
      await eventually(async () => {
        await client.flush();
        return client.status().delivered > before;
      });
      life.over = true;
      ({ client, life } = boot(lossy));
    }
  }
  await eventually(async () => {
    await client.flush();
    return client.status().waiting === 0;
  });
  await client.close();

  const topics = ["driver-locations", "app-events-dropped"];
  const records = await recordsOf(door.connection, topics, prefix, wanted.length);
  const locations = records.filter((record) => headerText(record, "ce_type") === "driver.location");
  expect(locations.map((record) => headerText(record, "ce_id")).sort()).toEqual([...wanted].sort());
  const last = new Map<string, number>();
  for (const record of locations) {
    const key = record.key?.toString() ?? "";
    const n = Number(headerText(record, "ce_subject"));
    expect(n, key).toBeGreaterThan(last.get(key) ?? 0);
    last.set(key, n);
  }
  expect(last.size).toBe(5);
  const reports = records.filter((record) => headerText(record, "ce_type") === dropReport);
  const drops = (await Promise.all(reports.map(dropsOf))).flat();
  expect(new Set(drops.map(({ event_type, reason }) => `${event_type} ${reason}`))).toEqual(
    new Set(["driver.location rejected"]),
  );
  // A refusal whose answer was lost is asked for again; one that was heard right before a death may count twice.
  expect(drops.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(kept.length - wanted.length);
});

test("what was dropped arrives as an event that ingest takes", async () => {
  const { clock, prefix } = oldClock();
  const client = createClient({
    url: door.url,
    key: door.key,
    source: "/apps/driver/test",
    storage: fileStorage(join(folder, prefix)),
    clock,
  });
  client.switchOff(["driver.location"]);
  expect(await client.track("driver.location", {}).kept).toBe("dropped");
  client.track("driver.status", { driver_id: "drv_1", status: "open" });
  await client.flush();
  await client.close();
  const [report] = await recordsOf(door.connection, ["app-events-dropped"], prefix, 1);
  expect(await dropsOf(report as KafkaRecord)).toEqual([
    { event_type: "driver.location", reason: "switched_off", count: 1 },
  ]);
});

test("the model of ingest that the thousand devices meet answers as ingest does", async () => {
  const { clock, prefix } = oldClock();
  const model = new ModelIngest(chance(1), new SimulatedClock());
  const id = (n: number) => `${prefix}-${n}`;
  const time = new Date(clock.now()).toISOString();
  const good = { driver_id: "drv_1", latitude: 40.7, longitude: -74 };
  const event = (n: number, data: object, when = time) => ({
    specversion: "1.0",
    id: id(n),
    type: "driver.location",
    source: "/apps/driver/test",
    time: when,
    data,
  });
  const ahead = "2099-01-01T00:00:00Z";
  const batch = [event(1, good), event(2, { ...good, bad: true }), event(1, good), event(3, good, ahead)];
  // A developer's key, or a sender who repairs: the model knows no quarantine.
  const real = await door.post(batch, { prefer: "handling=strict" });
  const modelled = model.take({ body: JSON.stringify(batch) });
  const statuses = (results: readonly { status: string }[]) => results.map(({ status }) => status);
  expect(statuses(real.body.results)).toEqual(statuses(JSON.parse(modelled.body).results));
  expect(real.status).toBe(modelled.status);
  const many = Array.from({ length: 1_001 }, (_, n) => event(n, good));
  expect((await door.post(many)).status).toBe(model.take({ body: JSON.stringify(many) }).status);
});
