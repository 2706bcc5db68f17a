import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, inject, test } from "vitest";
import { connectKafka, createProducer, ensureTopics, kafkaOptions, topicEnds } from "../../kafka/index.ts";
import { cacheDirFrom, createEmbedded, type EmbeddedStack, findFreePortBase, portsFrom } from "../../local/index.ts";
import { identityOf } from "../../local/process-identity.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";

const dataDir = mkdtempSync(join(tmpdir(), "hailstream-embedded-"));
const ports = portsFrom(await findFreePortBase());
let current: EmbeddedStack | undefined;

afterAll(async () => {
  await current?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function startStack(extra: { dataDir?: string; ports?: typeof ports } = {}): Promise<EmbeddedStack> {
  const cacheDir = cacheDirFrom(process.env);
  const parts = { dataDir, cacheDir, ports, env: process.env, log: silentLogger, ...extra };
  const stack = await createEmbedded(parts);
  await stack.start((cause) => {
    throw cause;
  });
  return stack;
}

const topic = "kept-records";
const schema = JSON.stringify({ type: "record", name: "Kept", fields: [{ name: "id", type: "string" }] });

async function writeEverywhere({ addresses }: EmbeddedStack): Promise<void> {
  const connection = connectKafka(
    readOptions(kafkaOptions, { env: { HAILSTREAM_KAFKA_BROKERS: addresses.kafka } }),
    silentLogger,
  );
  await ensureTopics(connection, [{ name: topic, partitions: 1, cleanup: "delete" }]);
  const producer = createProducer({ name: "test", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start(() => undefined);
  await producer.send(topic, [{ key: "a", value: Buffer.from("1") }]);
  await producer.stop();
  await runAsOwner(addresses.postgres, async (query) => {
    await query("create table if not exists kept (id int)");
    await query("insert into kept values (1)");
  });
  const registered = await fetch(`${addresses.registry}/subjects/kept/versions`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schema }),
  });
  expect(registered.status).toBe(200);
}

async function countEverywhere({ addresses }: EmbeddedStack) {
  const connection = connectKafka(
    readOptions(kafkaOptions, { env: { HAILSTREAM_KAFKA_BROKERS: addresses.kafka } }),
    silentLogger,
  );
  const [end] = await topicEnds(connection, topic);
  let rows = 0;
  await runAsOwner(addresses.postgres, async (query) => {
    rows = Number((await query<{ count: string }>("select count(*) from kept"))[0]?.count);
  });
  const subjects: unknown = await (await fetch(`${addresses.registry}/subjects`)).json();
  return { records: Number(end?.high), rows, subjects };
}

test("the test stack answers on all its addresses", async () => {
  const subjects = await fetch(`${inject("registry")}/subjects`);
  expect(subjects.status).toBe(200);
  expect(inject("kafka")).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(inject("postgres")).toMatch(/^postgres:\/\/hailstream:/);
});

test("data survives a restart and a kill of every process; a second stack runs beside the first", async () => {
  current = await startStack();
  await writeEverywhere(current);
  const kept = { records: 1, rows: 1, subjects: ["kept"] };
  expect(await countEverywhere(current)).toEqual(kept);
  const pids = current.children.map((child) => child.pid ?? 0);
  await current.stop();
  expect(pids.map(identityOf)).toEqual([undefined, undefined, undefined]);

  current = await startStack();
  expect(await countEverywhere(current)).toEqual(kept);
  current.kill();
  await eventually(() => current?.children.every((child) => child.pid === undefined));
  expect(readFileSync(join(dataDir, "postgres", "postmaster.pid"), "utf8")).not.toBe("");

  current = await startStack();
  expect(await countEverywhere(current)).toEqual(kept);
});

test("a part that is killed is started again and has its data", async () => {
  if (current === undefined) throw new Error("the stack runs from the test before");
  for (const child of current.children) process.kill(child.pid ?? 0, "SIGKILL");
  // The registry may end once more while Postgres is away.
  await eventually(() => current?.children.every((child) => child.restarts >= 1 && child.state === "ready"), {
    timeoutMs: 120_000,
  });
  expect(await countEverywhere(current)).toEqual({ records: 1, rows: 1, subjects: ["kept"] });
});

test("a taken port stops the start, names the option, and leaves nothing running", async () => {
  const otherDir = mkdtempSync(join(tmpdir(), "hailstream-taken-"));
  const otherPorts = portsFrom(await findFreePortBase());
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(otherPorts.postgres, "127.0.0.1", resolve));
  const error: unknown = await startStack({ dataDir: otherDir, ports: otherPorts }).catch((cause: unknown) => cause);
  expect(String(error)).toContain(`Port ${otherPorts.postgres} of Postgres is taken`);
  expect(String(error)).toContain("--port-base");
  await new Promise((resolve) => other.close(resolve));
  rmSync(otherDir, { recursive: true, force: true });
});

test("a missing Kafka is told with the way to get it", async () => {
  const parts = { dataDir, cacheDir: join(dataDir, "nothing"), ports, env: process.env, log: silentLogger };
  await expect(createEmbedded(parts)).rejects.toMatchObject({ code: "local_artefact_missing" });
});
