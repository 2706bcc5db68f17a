import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { newIdOf } from "../../commands/quarantine-plan.ts";
import { createDeviceKey } from "../../ingest/identity/device-keys.ts";
import { createKey } from "../../ingest/identity/keys-file.ts";
import { silentLogger } from "../../runtime/index.ts";
import { exampleOf, loadCatalogue, type Quarantined, quarantineRecord, readQuarantined } from "../../schemas/index.ts";
import { prepareDatabase } from "../../sinks/index.ts";
import { loadQuarantined } from "../../sinks/quarantine/load.ts";
import { type IngestProcess, ingestProcess } from "../ingest/ingest-process.ts";
import { createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";
import { asRead } from "../support/memory-topics.ts";
import { eventually } from "../support/wait.ts";
import { type Ran, runQuarantine, spawnQuarantine } from "./quarantine-cli.ts";

const run = randomUUID().slice(0, 8);
const catalogue = loadCatalogue();
let dir = "";
let db: TestDatabase;
let door: IngestProcess;
let sinks: ChildProcess | undefined;
let keys: Readonly<Record<"app" | "narrow" | "backend" | "desk", string>>;
const closers: (() => void)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-quarantine-"));
  db = await createTestDatabase("quarantine_commands");
  await prepareDatabase(db.ownerUrl, catalogue, silentLogger);
  const file = join(dir, "keys.json");
  const key = async (name: string, scopes: string[], stage: "live" | "test" = "live", mint = false) =>
    (await createKey(file, { name: `${name}-${run}`, stage, scopes, mint }, new Date())).text;
  keys = {
    app: await key("app", ["*"]),
    narrow: await key("narrow", ["app.error"]),
    backend: await key("backend", ["*"], "live", true),
    desk: await key("desk", ["*"], "test"),
  };
  await createDeviceKey(join(dir, "device-keys.json"), new Date());
  door = ingestProcess([
    "--kafka-brokers",
    inject("kafka"),
    "--registry-url",
    inject("registry"),
    "--registry-cache-dir",
    join(dir, "schemas"),
    "--ingest-data-dir",
    join(dir, "ingest"),
    "--ingest-api-keys-file",
    file,
    "--ingest-device-keys-file",
    join(dir, "device-keys.json"),
  ]);
  await Promise.all([door.start(), startSinks()]);
}, 120_000);
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(async () => {
  await Promise.all([door?.stop(), endSinks("SIGTERM")]);
  await db?.drop();
  await rm(dir, { recursive: true, force: true });
});

/** `hailstream sinks` as users run it: the real runner, checkpoints and tables. */
async function startSinks(): Promise<void> {
  const flags = {
    "--postgres-url": db.ownerUrl,
    "--postgres-sink-url": db.sinkUrl,
    "--kafka-brokers": inject("kafka"),
    "--registry-url": inject("registry"),
    "--registry-cache-dir": join(dir, "schemas"),
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

type Result = { readonly status: string; readonly code?: string; readonly pointer?: string };

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
const json = <T>({ out }: Ran) => JSON.parse(out) as T;

type Listed = {
  total: number;
  next?: string;
  counts: { code: string; type: string; state: string; count: number }[];
  entries: {
    quarantine_id: string;
    event_id: string;
    state: string;
    code: string;
    attempts: number;
    last_code: string;
  }[];
};
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

/** An event of every code that leads into quarantine, as an app would send it, and how it is repaired. */
async function badEvents() {
  const { platform, ...withoutPlatform } = data("app.error");
  const misspelt = { ...event("misspelt", "app.error"), data: { ...withoutPlatform, plattform: platform } };
  const infinite = JSON.stringify(event("infinite", "safety.sos", { latitude: 77.25 })).replace("77.25", "1e999");
  const avroHeaders = (id: string, type: string) => ({
    "content-type": "application/avro",
    "ce-specversion": "1.0",
    "ce-id": `${id}-${run}`,
    "ce-type": type,
    "ce-source": "/apps/rider/ios/6.1.2",
    "ce-time": "2026-11-22T21:11:41.123Z",
  });
  const framed = (schemaId: number, rest: Buffer) => {
    const head = Buffer.alloc(5);
    head.writeInt32BE(schemaId, 1);
    return Buffer.concat([head, rest]);
  };
  // Any event tells the id of its schema; this one is stored.
  const first = await post(keys.app, JSON.stringify(event("taken", "safety.sos")));
  const { schema_id: sosSchema } = first as Result & { schema_id: number };
  expect(first.status).toBe("accepted");
  const sosAvro = framed(
    sosSchema,
    Buffer.concat(["sos_1", "rdr_1"].map((id) => Buffer.from([id.length * 2, ...Buffer.from(id)]))),
  );
  const sos = Buffer.concat([sosAvro, Buffer.from([0, 0, 0, 0, 0])]);
  const file = async (id: string) => {
    const path = join(dir, `${id}.json`);
    await writeFile(path, JSON.stringify(event(id, "app.error")));
    return ["--file", path];
  };
  const j = JSON.stringify;
  const binary = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "app.error",
    "ce-source": "/x",
  };
  return [
    {
      id: "misspelt",
      code: "event_field_unknown",
      body: j(misspelt),
      fix: ["--move", "/data/plattform=/data/platform"],
    },
    {
      id: "missing",
      code: "event_field_missing",
      body: j({ ...misspelt, id: `missing-${run}`, data: withoutPlatform }),
      fix: ["--set", "/data/platform=ios"],
    },
    {
      id: "text",
      code: "event_type_mismatch",
      body: j(event("text", "app.error", { fatal: "no" })),
      fix: ["--set", "/data/fatal=false"],
    },
    {
      id: "app",
      code: "event_enum_unknown",
      body: j(event("app", "app.error", { app: "courier" })),
      fix: ["--set", "/data/app=driver"],
    },
    {
      id: "stack",
      code: "event_items_too_many",
      body: j(event("stack", "app.error", { stack: Array(201).fill("at x") })),
      fix: [
        "--pipe",
        `"${process.execPath}" -e 'process.stdin.on("data", (d) => { const e = JSON.parse(d); e.data.stack.length = 200; console.log(JSON.stringify(e)); })'`,
      ],
    },
    { id: "infinite", code: "event_number_not_finite", body: infinite, fix: ["--set", "/data/latitude=null"] },
    {
      id: "far",
      code: "event_number_out_of_range",
      body: j(event("far", "safety.sos", { latitude: 91 })),
      fix: ["--unset", "/data/latitude"],
    },
    {
      id: "unknown",
      code: "event_type_unknown",
      body: j({ ...event("unknown", "app.error"), type: "app.errror" }),
      fix: ["--new-type", "app.error"],
    },
    {
      id: "keyless",
      code: "event_key_empty",
      body: j(event("keyless", "app.error", { session_id: "" })),
      fix: ["--set", "/data/session_id=ses_1"],
    },
    // The type is right, the key was wrong: it is posted with another.
    { id: "forbidden", code: "event_type_forbidden", key: keys.narrow, body: j(event("forbidden", "safety.sos")) },
    {
      id: "garbage",
      code: "event_avro_invalid",
      body: Buffer.from("garbage"),
      headers: avroHeaders("garbage", "app.error"),
      fix: await file("garbage"),
    },
    {
      id: "stranger",
      code: "event_schema_unknown",
      body: framed(99_999_999, Buffer.from([1])),
      headers: avroHeaders("stranger", "app.error"),
      fix: await file("stranger"),
    },
    {
      id: "other",
      code: "event_schema_mismatch",
      body: sos,
      headers: avroHeaders("other", "app.error"),
      fix: ["--new-type", "safety.sos"],
    },
    {
      id: "header",
      code: "event_attribute_invalid",
      body: j(data("app.error")),
      headers: { ...binary, "ce-id": `header-${run}`, "ce-time": "2026-11-22T21:11:41.123Z", "ce-subject": "%ff" },
    },
    {
      id: "spoofed",
      code: "subject_mismatch",
      key: await tokenOf("rdr_9"),
      body: j(event("spoofed", "safety.sos", { person_id: "rdr_8" })),
    },
    { id: "taken", code: "id_conflict", key: keys.desk, body: j(event("taken", "safety.sos", { note: "another" })) },
  ] as {
    id: string;
    code: string;
    key?: string;
    body: string | Buffer;
    headers?: Record<string, string>;
    fix?: string[];
  }[];
}

const keyNames = () => ["app", "narrow", "backend", "desk"].flatMap((name) => ["--key-name", `${name}-${run}`]);

test("an event of every code: kept, listed, shown, judged, fixed, replayed, and one row in the end", async () => {
  const bad = await badEvents();
  for (const { id, code, key = keys.app, body, headers = {} } of bad) {
    expect({ ...(await post(key, body, headers)), id }).toMatchObject({ id, status: "quarantined", code });
  }
  // An app that heard nothing sends again; one at hand hears "rejected", and nothing is kept.
  const [misspelt] = bad;
  expect(await post(keys.app, misspelt?.body ?? "")).toMatchObject({ status: "quarantined" });
  expect(
    await post(keys.app, JSON.stringify(event("strict", "app.error", { fatal: 1 })), { prefer: "handling=strict" }),
  ).toMatchObject({
    status: "rejected",
    code: "event_type_mismatch",
  });
  expect(
    await post(await tokenOf("rdr_9"), bad.find(({ id }) => id === "spoofed")?.body ?? "", {
      prefer: "handling=strict",
    }),
  ).toMatchObject({
    status: "quarantined",
  });
  // The sink dies in the middle of it.
  await endSinks("SIGKILL");
  await startSinks();
  const all = await eventually(
    async () => {
      const listed = await list(...keyNames());
      expect(listed.total).toBe(bad.length);
      return listed;
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
  expect(all.counts.map(({ code }) => code).sort()).toEqual(bad.map(({ code }) => code).sort());
  const idOf = (id: string) => all.entries.find((entry) => entry.event_id === `${id}-${run}`)?.quarantine_id as string;

  // list: filters and pages, the newest first.
  expect((await list(...keyNames(), "--code", "id_conflict", "--code", "subject_mismatch")).total).toBe(2);
  expect((await list(...keyNames(), "--type", "app.errror", "--since", "1h", "--state", "open")).total).toBe(1);
  expect(await list(...keyNames(), "--until", "1h")).toMatchObject({ total: 0, entries: [] });
  const pages: string[] = [];
  for (let next: string | undefined; pages.length === 0 || next !== undefined; ) {
    const page = await list(...keyNames(), "--limit", "7", ...(next === undefined ? [] : ["--before", next]));
    pages.push(...page.entries.map(({ quarantine_id }) => quarantine_id));
    next = page.next;
  }
  expect(pages).toEqual(all.entries.map(({ quarantine_id }) => quarantine_id));

  // show: everything, and the very bytes; by the id of the event, too.
  const shown = json<Record<string, unknown>>(await quarantine("show", `misspelt-${run}`));
  expect(shown).toMatchObject({
    quarantine_id: idOf("misspelt"),
    code: "event_field_unknown",
    violations: [{ pointer: "/data/plattform", didYouMean: "platform" }, { pointer: "/data/platform" }],
    key_name: `app-${run}`,
    stage: "live",
    times_seen: 2,
    original_base64: Buffer.from(misspelt?.body ?? "").toString("base64"),
    what_to_do: expect.stringContaining("Correct the name"),
  });
  expect(shown.schema_id).toEqual(expect.any(Number));
  const words = await runQuarantine(
    "show",
    idOf("spoofed").slice(0, 12),
    "--postgres-url",
    db.ownerUrl,
    "--data-dir",
    dir,
  );
  for (const word of ["rdr_9", "rdr_8", "/data/person_id", "What to do"]) expect(words.out).toContain(word);
  expect(await quarantine("show", "q_nothing")).toMatchObject({
    code: 2,
    err: expect.stringContaining("[quarantine_entry_unknown]"),
  });
  expect(await quarantine("show", "q_")).toMatchObject({ code: 2 });

  // A dry run tells what would come of each, and does nothing.
  type Replayed = {
    ok: boolean;
    matched: number;
    would: object;
    answers: Record<string, number>;
    skipped: object;
    events: Record<string, string>[];
  };
  const dry = await replay(...keyNames(), "--dry-run");
  expect(dry.code).toBe(1);
  expect(json<Replayed>(dry)).toMatchObject({
    matched: bad.length,
    would: { accepted: 2, rejected: bad.length - 4 },
    skipped: { quarantine_new_id_needed: 1, quarantine_vouching_needed: 1 },
  });
  const judged = Object.fromEntries(
    json<Replayed>(dry).events.map(({ event_id = "", code, outcome }) => [
      event_id.replace(`-${run}`, ""),
      code ?? outcome,
    ]),
  );
  for (const { id, code } of bad) {
    const blocked: Record<string, string> = {
      taken: "quarantine_new_id_needed",
      spoofed: "quarantine_vouching_needed",
      forbidden: "accepted",
      header: "accepted",
    };
    expect({ id, code: judged[id] }).toEqual({ id, code: blocked[id] ?? code });
  }
  expect((await list(...keyNames(), "--state", "open")).entries.every(({ attempts }) => attempts === 0)).toBe(true);

  // Nothing is changed or posted by accident, nor against what a code means.
  await expect(replay()).rejects.toMatchObject({ code: "option_invalid" });
  expect(await replay(idOf("taken"))).toMatchObject({ code: 2, err: expect.stringContaining("--new-id") });
  expect(await replay(idOf("spoofed"))).toMatchObject({ code: 2, err: expect.stringContaining("--vouch") });
  expect(await quarantine("fix", idOf("text"), "--unset", "/data/none")).toMatchObject({
    code: 2,
    err: expect.stringContaining("/data/none"),
  });

  // What is not repaired fails again, counts, stays one entry and keeps what was said.
  const failed = await replay(idOf("text"));
  expect(failed.code).toBe(1);
  expect(json<Replayed>(failed)).toMatchObject({
    ok: false,
    answers: { rejected: 1 },
    events: [{ code: "event_type_mismatch", pointer: "/data/fatal" }],
  });
  const again = json<{ attempts: number; state: string; replays: object[] }>(await quarantine("show", idOf("text")));
  expect(again).toMatchObject({
    attempts: 1,
    state: "open",
    replays: [
      { attempt: 1, status: "rejected", code: "event_type_mismatch", posted_id: `text-${run}`, door: door.url },
    ],
  });

  // fix: the original stays.
  for (const { id, fix } of bad) {
    if (fix === undefined) continue;
    if (id === "misspelt") {
      expect(json(await quarantine("fix", idOf(id), ...fix, "--dry-run"))).toMatchObject({
        dryRun: true,
        fixed: 1,
        would: { accepted: 1 },
      });
      expect((await list("--event-id", `misspelt-${run}`)).entries).toMatchObject([{ state: "open" }]);
    }
    const fixed = await quarantine("fix", idOf(id), ...fix);
    expect({ id, ...fixed, ...json<object>(fixed) }).toMatchObject({ id, code: 0, fixed: 1, would: { accepted: 1 } });
  }
  const kept = json<Record<string, string>>(await quarantine("show", idOf("misspelt")));
  expect(kept.original_base64).toBe(Buffer.from(misspelt?.body ?? "").toString("base64"));
  expect(JSON.parse(kept.fixed ?? "")).toMatchObject({ data: { platform: "ios" } });

  // Two at once, a sink that dies, and once more: still one of each.
  const decided = [...keyNames(), "--vouch", "--new-id"];
  const both = await Promise.all([replay(...decided), replay(...decided)]);
  const counts = both.map((one) => json<Replayed>(one).answers);
  expect(
    counts.reduce((sum, { accepted = 0 }) => sum + accepted, 0),
    both.map(({ out }) => out).join(),
  ).toBe(bad.length);
  await endSinks("SIGKILL");
  // As if the replay had been killed before it could write down what it had heard.
  await db.owner.execute(
    "update quarantine.events set state = 'fixed', fixed = coalesce(fixed, original), fixed_at = now() where event_id = $1",
    [`stack-${run}`],
  );
  expect(json<Replayed>(await replay(...decided))).toMatchObject({ ok: true, matched: 1, answers: { duplicate: 1 } });
  await startSinks();
  expect(await replay(...decided)).toMatchObject({ code: 0, err: expect.stringContaining("Nothing is left") });
  expect(await list(...keyNames(), "--state", "replayed")).toMatchObject({ total: bad.length });

  const expected = (types: readonly string[]) => Object.fromEntries(types.map((id) => [id, 1]));
  const sos = ["taken", "infinite", "far", "forbidden", "other", "spoofed"];
  const newId = newIdOf(idOf("taken"));
  await eventually(
    async () => {
      expect(await rowsOf("safety.sos")).toEqual(expected(sos));
      expect(await rowsOf("app.error")).toEqual(expected(bad.map(({ id }) => id).filter((id) => !sos.includes(id))));
      const renamed = await db.owner.query("select note from events.safety_sos where event_id = $1", [newId]);
      expect(renamed).toEqual([{ note: "another" }]);
    },
    { timeoutMs: 30_000 },
  );
  const attempts = await db.owner.query<{ status: string; n: number }>(
    "select status, count(*)::int as n from quarantine.replays group by 1 order by 1",
  );
  expect(attempts).toEqual([
    { status: "accepted", n: bad.length },
    { status: "duplicate", n: 1 },
    { status: "rejected", n: 1 },
  ]);
}, 180_000);

/** Entries without a door, under a key name of their own. */
async function load(keyName: string, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, n) => {
    const original = Buffer.from(JSON.stringify(event(`${keyName}-${n}`, "app.error")));
    const violations = [
      { code: "event_type_unknown", pointer: "/type", expected: "a type", got: "another", message: "No." },
    ] as const;
    const entry = {
      eventId: `${keyName}-${n}-${run}`,
      type: "app.error",
      source: "/x",
      time: "2026-11-22T21:11:41Z",
      code: "event_type_unknown",
      violations,
      keyName,
      stage: "live",
      receivedAt: Date.now() + n,
      original,
    } as const;
    return readQuarantined(asRead(quarantineRecord(entry))) as Quarantined;
  });
  await db.sink.transaction((tx) => loadQuarantined(tx, entries));
}

test("as processes: machine output on standard output only, exit codes, variables instead of flags", async () => {
  await load("processes", 3);
  const env = { HAILSTREAM_POSTGRES_URL: db.ownerUrl, HAILSTREAM_LOCAL_DATA_DIR: dir };
  const [listed, words, unknown, nothing] = await Promise.all([
    spawnQuarantine(["list", "--key-name", "processes", "--json"], env).ended,
    spawnQuarantine(["list", "--key-name", "processes"], env).ended,
    spawnQuarantine(["show", "q_000000"], env).ended,
    spawnQuarantine(["fix", "--all"], env).ended,
  ]);
  expect(listed).toMatchObject({ code: 0, err: "" });
  expect(json<Listed>(listed)).toMatchObject({ total: 3, counts: [{ code: "event_type_unknown", count: 3 }] });
  expect(words.out.split("\n").filter((line) => line.startsWith("q_"))).toHaveLength(3);
  expect(words.err).toContain("3 events.");
  expect(unknown).toMatchObject({ code: 2, out: "", err: expect.stringContaining("[quarantine_entry_unknown]") });
  expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining("--set") });
}, 60_000);

test("Ctrl-C ends a replay within a second; what had no answer is there for the next", async () => {
  await load("slow", 5);
  let asked = 0;
  const silent = createServer((request) => {
    request.resume();
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const words = ["replay", "--key-name", "slow", "--by", "night shift", "--json", ...place()];
  const { child, ended } = spawnQuarantine([...words, "--url", url, "--api-key", "x"]);
  await eventually(() => asked > 0, { timeoutMs: 20_000 });
  // While it is under way nobody else has these events in hand.
  const other = json<{ skipped: object }>(await replay("--key-name", "slow"));
  expect(other.skipped).toEqual({ quarantine_in_hand: 5 });
  expect(await quarantine("fix", "--key-name", "slow", "--set", "/data/fatal=true")).toMatchObject({ code: 1 });
  const began = performance.now();
  child.kill("SIGINT");
  const { code, out } = await ended;
  expect(performance.now() - began).toBeLessThan(2_000);
  expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
    code: 1,
    ok: false,
    interrupted: true,
    answers: { unanswered: 5 },
  });
  const left = await db.owner.query(
    "select by, status, count(*)::int as n from quarantine.replays where door = $1 group by 1, 2",
    [url],
  );
  expect(left).toEqual([{ by: "night shift", status: null, n: 5 }]);
  expect(json(await replay("--key-name", "slow"))).toMatchObject({ ok: true, answers: { accepted: 5 } });
}, 60_000);

test("a door that is away, or refuses the key, leaves everything as it was and says so", async () => {
  await load("away", 2);
  const words = ["--key-name", "away", "--request-timeout-ms", "100"];
  await expect(quarantine("replay", ...words, "--url", door.url, "--api-key", "hs_live_wrong")).rejects.toMatchObject({
    code: "apps_request_refused",
  });
  expect((await list("--key-name", "away")).entries).toMatchObject([
    { state: "open", attempts: 1, last_code: "apps_request_refused" },
    { state: "open", attempts: 1 },
  ]);
  expect(json(await replay("--key-name", "away", "--limit", "1"))).toMatchObject({
    matched: 1,
    answers: { accepted: 1 },
  });
  expect(json(await replay("--key-name", "away"))).toMatchObject({ matched: 1, answers: { accepted: 1 } });
}, 60_000);
