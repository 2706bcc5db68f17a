import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import { createDeviceKey } from "../../ingest/identity/device-keys.ts";
import { createKey } from "../../ingest/identity/keys-file.ts";
import { silentLogger } from "../../runtime/index.ts";
import { exampleOf, loadCatalogue } from "../../schemas/index.ts";
import { prepareDatabase } from "../../sinks/index.ts";
import { ingestProcess } from "../ingest/ingest-process.ts";
import { createTestDatabase } from "../sinks/pipeline.ts";
import { type Ran, runQuarantine } from "./quarantine-cli.ts";

export type QuarantinePipeline = Awaited<ReturnType<typeof openQuarantinePipeline>>;

type Result = { readonly status: string; readonly code?: string; readonly schema_id?: number };

/** What `list --json` prints. */
export type Listed = {
  readonly total: number;
  readonly next?: string;
  readonly counts: readonly { code: string; type: string; state: string; count: number }[];
  readonly entries: readonly {
    quarantine_id: string;
    event_id: string;
    state: string;
    code: string;
    attempts: number;
    last_code: string;
  }[];
};

export const json = <T>({ out }: Ran) => JSON.parse(out) as T;

/** A front door with keys of every kind and the sinks, as the processes that users run, on a database of its own. */
export async function openQuarantinePipeline() {
  const run = randomUUID().slice(0, 8);
  const catalogue = loadCatalogue();
  const dir = await mkdtemp(join(tmpdir(), "hailstream-quarantine-"));
  const db = await createTestDatabase("quarantine_commands");
  await prepareDatabase(db.ownerUrl, catalogue, silentLogger);
  const file = join(dir, "keys.json");
  const key = async (name: string, scopes: string[], stage: "live" | "test" = "live", mint = false) =>
    (await createKey(file, { name: `${name}-${run}`, stage, scopes, mint }, new Date())).text;
  const keys = {
    app: await key("app", ["*"]),
    narrow: await key("narrow", ["app.error"]),
    backend: await key("backend", ["*"], "live", true),
    desk: await key("desk", ["*"], "test"),
  };
  await createDeviceKey(join(dir, "device-keys.json"), new Date());
  const shared = {
    "--kafka-brokers": inject("kafka"),
    "--registry-url": inject("registry"),
    "--registry-cache-dir": join(dir, "schemas"),
  };
  const doorFlags = {
    ...shared,
    "--ingest-data-dir": join(dir, "ingest"),
    "--ingest-api-keys-file": file,
    "--ingest-device-keys-file": join(dir, "device-keys.json"),
  };
  const door = ingestProcess(Object.entries(doorFlags).flat());
  let sinks: ChildProcess | undefined;

  /** `hailstream sinks` as users run it: the real runner, checkpoints and tables. */
  async function startSinks(): Promise<void> {
    const flags = {
      "--postgres-url": db.ownerUrl,
      "--postgres-sink-url": db.sinkUrl,
      ...shared,
      "--sinks-metrics-port": "0",
      "--sinks-group-id": `events-${run}`,
      "--sinks-quarantine-group-id": `quarantine-${run}`,
      "--webhook-group-id": `webhook-${run}`,
      "--sinks-session-timeout-ms": "6000",
      "--log-level": "warn",
    };
    const child = spawn(process.execPath, ["main.ts", "sinks", "--json", ...Object.entries(flags).flat()], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    sinks = child;
    for await (const _ready of createInterface(child.stdout)) return;
    throw new Error("the sinks ended before they were ready");
  }

  async function endSinks(signal: NodeJS.Signals): Promise<void> {
    if (sinks === undefined || sinks.exitCode !== null || sinks.signalCode !== null) return;
    const ended = once(sinks, "exit");
    sinks.kill(signal);
    await ended;
  }

  const data = (type: string) => exampleOf(catalogue.types.get(type) as never) as Record<string, unknown>;
  const event = (id: string, type: string, changes: Readonly<Record<string, unknown>> = {}) => ({
    specversion: "1.0",
    id: `${id}-${run}`,
    type,
    source: "/apps/rider/ios/6.1.2",
    time: "2026-11-22T21:11:41.123Z",
    data: { ...data(type), ...changes },
  });

  async function post(
    key: string,
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    const response = await fetch(`${door.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/cloudevents+json", ...headers },
      body: body as string,
    });
    const { results } = (await response.json()) as { results: Result[] };
    return results[0] as Result;
  }

  const place = () => ["--postgres-url", db.ownerUrl, "--data-dir", dir, "--registry-url", inject("registry")];
  const quarantine = (...words: string[]) =>
    runQuarantine(...words, "--json", ...(["replay", "fix"].includes(words[0] ?? "") ? place() : place().slice(0, 4)));
  const replay = (...words: string[]) => quarantine("replay", ...words, "--url", door.url, "--api-key", keys.backend);

  const list = async (...words: string[]) => json<Listed>(await quarantine("list", ...words));

  async function rowsOf(type: string): Promise<Record<string, number>> {
    const rows = await db.owner.query<{ event_id: string; n: number }>(
      `select event_id, count(*)::int as n from events.${type.replaceAll(".", "_")} where event_id like $1 group by 1`,
      [`%${run}`],
    );
    return Object.fromEntries(rows.map(({ event_id, n }) => [event_id.replace(`-${run}`, ""), n]));
  }

  async function tokenOf(subject: string): Promise<string> {
    const response = await fetch(`${door.url}/v1/device-tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${keys.backend}` },
      body: JSON.stringify({ subject, ttl_seconds: 600 }),
    });
    return ((await response.json()) as { token: string }).token;
  }

  await Promise.all([door.start(), startSinks()]);
  return {
    run,
    dir,
    db,
    keys,
    door,
    event,
    data,
    post,
    place,
    quarantine,
    replay,
    list,
    rowsOf,
    tokenOf,
    startSinks,
    killSinks: () => endSinks("SIGKILL"),
    async close() {
      await Promise.all([door.stop(), endSinks("SIGTERM")]);
      await db.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
