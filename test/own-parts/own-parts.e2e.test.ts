import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ChildService,
  cacheDirFrom,
  createEmbedded,
  type EmbeddedStack,
  findFreePortBase,
  markedParts,
  portsFrom,
  type ReadyLine,
} from "../../local/index.ts";
import { silentLogger } from "../../runtime/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";
import { makeCertificates } from "./certificates.ts";
import { type Gate, gateUser, openGate } from "./gate.ts";
import { createSecureKafka, kafkaUser } from "./secure-kafka.ts";

const program = resolve(import.meta.dirname, "..", "..", "main.ts");
const folder = mkdtempSync(join(tmpdir(), "hailstream-own-parts-"));
const dataDir = join(folder, "up");
/** The company's parts. Registry and Postgres run as our own stack does; Kafka, the gate and TLS are set up here. */
const theirs = portsFrom(await findFreePortBase());
const portBase = await findFreePortBase();
const beside = portsFrom(await findFreePortBase());

let kafka: ChildService | undefined;
let stack: EmbeddedStack | undefined;
let gate: Gate | undefined;
let options: Readonly<Record<string, string>> = {};
let up: ChildProcess | undefined;
let ready: ReadyLine;
const alone: ChildProcess[] = [];

beforeAll(async () => {
  const certificates = makeCertificates(folder);
  kafka = createSecureKafka(join(folder, "kafka"), theirs, certificates);
  stack = await createEmbedded({
    dataDir: join(folder, "theirs"),
    cacheDir: cacheDirFrom(process.env),
    ports: theirs,
    env: process.env,
    log: silentLogger,
    own: { kafka: `127.0.0.1:${theirs.kafka}` },
  });
  process.once("exit", killTheirs);
  const fail = (cause: unknown) => {
    throw cause;
  };
  await Promise.all([kafka.start(fail), stack.start(fail)]);
  gate = await openGate(theirs.ingest, stack.addresses.registry);
  const postgres = new URL(stack.addresses.postgres);
  await encryptPostgres(postgres, certificates);
  postgres.search = new URLSearchParams({ sslmode: "verify-full", sslrootcert: certificates.ca }).toString();
  options = {
    HAILSTREAM_KAFKA_BROKERS: stack.addresses.kafka,
    HAILSTREAM_KAFKA_TLS: "true",
    HAILSTREAM_KAFKA_TLS_CA_FILE: certificates.ca,
    HAILSTREAM_KAFKA_SASL_MECHANISM: "scram-sha-512",
    HAILSTREAM_KAFKA_SASL_USERNAME: kafkaUser.name,
    HAILSTREAM_KAFKA_SASL_PASSWORD: kafkaUser.password,
    HAILSTREAM_REGISTRY_URL: gate.url,
    HAILSTREAM_REGISTRY_USERNAME: gateUser.name,
    HAILSTREAM_REGISTRY_PASSWORD: gateUser.password,
    HAILSTREAM_REGISTRY_CACHE_DIR: join(folder, "schemas"),
    HAILSTREAM_POSTGRES_URL: postgres.href,
  };
});

function killTheirs(): void {
  kafka?.kill();
  stack?.kill();
}

afterAll(async () => {
  await Promise.all([up, ...alone].map(stop));
  await gate?.stop();
  await Promise.all([kafka?.stop(), stack?.stop()]);
  process.off("exit", killTheirs);
  rmSync(folder, { recursive: true, force: true });
});

/** Switches TLS on in the running server, and refuses every connection without it. */
async function encryptPostgres(owner: URL, { cert, key }: { cert: string; key: string }): Promise<void> {
  const superuser = new URL(owner);
  superuser.username = "postgres";
  superuser.password = stack?.secrets.postgres.superuser ?? "";
  // Not by runAsOwner: alter system does not run in a transaction.
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: superuser.href });
  await client.connect();
  await client.query(`alter system set ssl_cert_file = '${cert}'`);
  await client.query(`alter system set ssl_key_file = '${key}'`);
  await client.query("alter system set ssl = on");
  await client.query("select pg_reload_conf()");
  await client.end();
}

type Started = { readonly child: ChildProcess; readonly ended: Promise<number | null>; out(): string; words(): string };

function hailstream(args: readonly string[], more: Readonly<Record<string, string>> = {}): Started {
  const env = { ...process.env, ...options, ...more };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let words = "";
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    words += data.toString();
  });
  const ended = new Promise<number | null>((finish) => child.once("close", finish));
  return { child, ended, out: () => out, words: () => words };
}

async function untilReady({ child, out, words }: Started): Promise<Record<string, unknown>> {
  await eventually(() => out().includes("\n") || child.exitCode !== null, { timeoutMs: 240_000 });
  expect(out(), words()).toMatch(/^\{"ready":true,.*\}\n$/);
  return JSON.parse(out()) as Record<string, unknown>;
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((finish) => child.once("close", finish));
  child.kill("SIGINT");
  await ended;
}

/** Posts an event and waits until its row is in the company's Postgres. */
async function travels(ingest: string): Promise<void> {
  const id = randomUUID();
  const data = { driver_id: "drv_1", latitude: 40.7484, longitude: -73.9857, speed: 8.3 };
  const time = new Date().toISOString();
  const event = { specversion: "1.0", id, type: "driver.location", source: "/test", time, subject: "drv_1", data };
  await eventually(
    async () => {
      const response = await fetch(`${ingest}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${ready.apiKey}` },
        body: JSON.stringify(event),
      });
      expect(response.status, await response.text()).toBe(202);
    },
    { timeoutMs: 120_000 },
  );
  // A short transaction each time: its lock would keep the sinks from making the day's partition.
  await eventually(
    () =>
      runAsOwner(ready.postgres, async (query) => {
        const rows = await query("select h3_cell from events.driver_location where event_id = $1", [id]);
        expect(rows).toHaveLength(1);
      }),
    { timeoutMs: 120_000, everyMs: 100 },
  );
}

test("a wrong password for Kafka or for the registry is told as that, at once", async () => {
  const kafkaRefuses = hailstream(["topics", "create"], { HAILSTREAM_KAFKA_SASL_PASSWORD: "another" });
  expect(await kafkaRefuses.ended).toBe(1);
  expect(kafkaRefuses.words()).toMatch(
    /authentication failed[\s\S]*--kafka-sasl-password[\s\S]*\[kafka_unreachable\]/i,
  );
  const registryRefuses = hailstream(["stream"], { HAILSTREAM_REGISTRY_PASSWORD: "another" });
  expect(await registryRefuses.ended).toBe(1);
  expect(registryRefuses.words()).toMatch(/--registry-password[\s\S]*\[schema_registry_refused\]/);
  expect(gate?.refused()).toBeGreaterThan(0);
});

test("topics create makes what the first service will look for, and nothing twice", async () => {
  const created = async () => {
    const run = hailstream(["topics", "create", "--json"]);
    expect(await run.ended, run.words()).toBe(0);
    return (JSON.parse(run.out()) as { created: readonly string[] }).created;
  };
  expect(await created()).toEqual(expect.arrayContaining(["driver-locations", "driver-profiles", "dead-letters"]));
  expect(await created()).toEqual([]);
});

test("up with Kafka by TLS and SCRAM, a registry behind a password and Postgres by TLS embeds none of them", async () => {
  const started = hailstream(["up", "--json", "--no-demo", "--data-dir", dataDir, "--port-base", String(portBase)]);
  up = started.child;
  ready = (await untilReady(started)) as unknown as ReadyLine;
  expect(ready).toMatchObject({ kafka: stack?.addresses.kafka, registry: gate?.url });
  const parts = markedParts(dataDir).map((part) => part.name);
  expect(parts.sort()).toEqual(["audit", "console", "ingest", "sinks", "stream", "stream-stateful"]);
  await travels(ready.ingest);
  await runAsOwner(ready.postgres, async (query) => {
    const connections = await query<{ ssl: boolean }>(
      "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'hailstream %'",
    );
    expect(connections.length).toBeGreaterThan(2);
    expect(connections.every(({ ssl }) => ssl)).toBe(true);
    // An embedded registry would keep its schemas there; theirs keeps them elsewhere.
    expect(await query("select from pg_namespace where nspname = 'apicurio'")).toEqual([]);
  });
});

test("each station runs a second time beside the first, signs in by PLAIN, and carries on alone", async () => {
  const common = { HAILSTREAM_KAFKA_SASL_MECHANISM: "plain" };
  const second = [
    hailstream(["ingest", "--json"], {
      ...common,
      HAILSTREAM_INGEST_PORT: String(beside.ingest),
      HAILSTREAM_INGEST_DATA_DIR: join(folder, "ingest-2"),
      HAILSTREAM_INGEST_API_KEYS_FILE: join(dataDir, "api-keys.json"),
    }),
    hailstream(["stream", "--json"], { ...common, HAILSTREAM_STREAM_METRICS_PORT: String(beside.streamMetrics) }),
    hailstream(["sinks", "--json"], { ...common, HAILSTREAM_SINKS_METRICS_PORT: String(beside.sinksMetrics) }),
    hailstream(["audit", "--watch", "--json"], {
      ...common,
      HAILSTREAM_AUDIT_METRICS_PORT: String(beside.auditMetrics),
    }),
  ];
  alone.push(...second.map(({ child }) => child));
  await Promise.all(second.map(untilReady));
  const ingest = `http://127.0.0.1:${beside.ingest}`;
  await travels(ingest);
  await stop(up);
  await travels(ingest);
});
