import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { hashApiKey } from "../../ingest/index.ts";
import { ensureTopics } from "../../kafka/index.ts";
import { composeServices, createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, exampleOf, schemaOptions } from "../../schemas/index.ts";
import { parseShape } from "../../schemas/shape.ts";
import { anyValueOf } from "../schemas/arbitraries.ts";
import { eventually } from "../support/wait.ts";
import { connectTo } from "./door.ts";
import type { FuzzInput, FuzzSeeds } from "./fuzz/input.ts";
import { fuzzInputs } from "./fuzz/inputs.ts";
import { type Lane, type Outcome, openLane } from "./fuzz/wire.ts";
import { type IngestProcess, ingestProcess } from "./ingest-process.ts";
import { locationEvent } from "./knowledge.ts";
import type { Watched } from "./watch-process.ts";

/** The whole proof is a million: `npm run proof -- fuzz`. */
const wanted = Number(process.env.HAILSTREAM_FUZZ_INPUTS ?? 10_000);
/** The inputs of a group are the same wherever it is sent: its seed and the place in it tell which one it was. */
const firstSeed = Number(process.env.HAILSTREAM_FUZZ_SEED ?? 1);
const groupSize = 250;
/** A busy machine may need hours: the run then ends after this time, and its figures say how far it came. */
const maxSeconds = Number(process.env.HAILSTREAM_FUZZ_SECONDS ?? Number.POSITIVE_INFINITY);
/** What the process is asked before its memory counts. */
const warmUpGroups = Math.min(80, Math.max(8, Math.ceil(wanted / groupSize / 20)));
/** Requests under way at the same time. */
const lanes = 32;
/** Between two looks at the process. */
const lookEvery = 10_000;

const maxGrowthBytes = 64 * 1024 * 1024;
/** How long anything takes says something on a machine that does nothing else; a suite's does. */
const isProof = wanted >= 1_000_000;
const maxStallMs = isProof ? 100 : 1_000;

let dir = "";
let ingest: IngestProcess;
let seeds: FuzzSeeds;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-fuzz-"));
  const key = "hsk_fuzz";
  const keys = [{ id: "hs_live_fuzz", name: "fuzz", stage: "live", mint: true, sha256: hashApiKey(key) }];
  await writeFile(join(dir, "keys.json"), JSON.stringify(keys));
  const { privateKey } = await generateKeyPair("Ed25519", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: "fuzz" };
  await writeFile(join(dir, "device-keys.json"), JSON.stringify({ keys: [jwk] }));
  // A broker that carries other tests, too, may need longer than a call is patient.
  await eventually(() => ensureTopics(connectTo(inject("kafka"))), { timeoutMs: 60_000 });
  ingest = ingestProcess(
    [
      ...["--ingest-api-keys-file", join(dir, "keys.json"), "--ingest-device-keys-file", join(dir, "device-keys.json")],
      ...["--kafka-brokers", inject("kafka"), "--registry-url", inject("registry")],
      ...["--registry-cache-dir", join(dir, "schemas")],
    ],
    { watched: true },
  );
  await ingest.start();
  seeds = await makeSeeds(key);
});
afterAll(async () => {
  await ingest?.stop();
  await rm(dir, { recursive: true });
});

async function makeSeeds(key: string): Promise<FuzzSeeds> {
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": join(dir, "schemas") };
  const options = readOptions(schemaOptions, { flags });
  const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  const service = composeServices("schemas", [schemas]);
  await service.start(() => undefined);
  const types = [...schemas.catalogue.types.values()].filter(({ kind }) => kind !== "derived");
  const datas = types.flatMap((type) => {
    const random = fc.sample(anyValueOf(parseShape(type.schema)), { seed: 7, numRuns: 6 });
    return [exampleOf(type), ...random].map((data) => ({ type: type.name, data: data as Record<string, unknown> }));
  });
  const events = datas.map(({ type, data }) =>
    JSON.stringify(locationEvent({ id: "ID", type, subject: undefined, data })),
  );
  const avro = datas.map(({ type, data }) => ({ type, bytes: schemas.encode(type, data) }));
  await service.stop();
  const response = await fetch(`${ingest.url}/v1/device-tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ subject: "drv_1" }),
  });
  const { token } = (await response.json()) as { token: string };
  return { key, token, events, avro };
}

type Place = { readonly seed: number; readonly index: number; readonly input: FuzzInput };

/** All that is known of a run. */
const kinds = new Map<string, number>();
const statuses = new Map<string, number>();
const failures: string[] = [];
/** Answered "later", which may be the load and may be the input. */
const suspects: Place[] = [];

function tell(what: string, { seed, index, input }: Place): void {
  const text = input.bytes.subarray(0, 600).toString("latin1");
  failures.push(
    `${what}: input ${index} of HAILSTREAM_FUZZ_SEED=${seed} HAILSTREAM_FUZZ_INPUTS=${groupSize}, ${input.kind}: ${JSON.stringify(text)}`,
  );
}

function judge(place: Place, { statuses: answered, end, text }: Outcome): void {
  const { kind, whole } = place.input;
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  for (const status of answered) statuses.set(`${status}`, (statuses.get(`${status}`) ?? 0) + 1);
  if (answered.length === 0) statuses.set(end, (statuses.get(end) ?? 0) + 1);
  if (end === "hung") tell("neither answered nor closed", place);
  else if (whole && answered.length === 0) tell(`${end} without an answer`, place);
  if (answered.some((status) => status >= 500 && status !== 503)) tell(text, place);
  else if (answered.includes(503)) suspects.push(place);
}

/** Sends groups, several inputs at the same time, until `count` are sent. */
async function send(seed: number, count: number): Promise<void> {
  const queue = groupsFrom(seed, count);
  const open: Lane[] = Array.from({ length: lanes }, () => openLane(ingest.url));
  const underWay = new Set<Place>();
  await Promise.all(
    open.map(async (lane) => {
      for (const place of queue) {
        if (ingest.ended !== undefined || failures.length >= 20) break;
        underWay.add(place);
        const outcome = await lane.send(place.input);
        if (ingest.ended !== undefined) for (const each of underWay) tell(`the process ended, ${ingest.ended}`, each);
        else judge(place, outcome);
        underWay.delete(place);
      }
      lane.close();
    }),
  );
  expect(failures).toEqual([]);
}

function* groupsFrom(seed: number, count: number): Generator<Place> {
  for (let sent = 0; sent < count; sent += groupSize) {
    const group = seed + sent / groupSize;
    for (const [index, input] of fuzzInputs(seeds, group, groupSize).entries()) yield { seed: group, index, input };
  }
}

/** What was answered "later" is asked again while nothing else is under way: then it must be answered. */
async function askAgain(): Promise<number> {
  const lane = openLane(ingest.url);
  const places = suspects.splice(0);
  for (const place of places.slice(0, 500)) {
    for (let attempt = 0; ; attempt++) {
      const { statuses: answered, text } = await lane.send(place.input);
      if (!answered.some((status) => status >= 500)) break;
      if (attempt === 5) tell(`503 each time: ${text}`, place);
      if (attempt === 5) break;
      await sleep(500);
    }
  }
  lane.close();
  expect(failures).toEqual([]);
  return places.length;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

test(`${wanted} inputs that are wrong in some way crash nothing, fail nothing, and leave neither memory nor a stall behind`, {
  timeout: 300_000 + wanted * 40,
}, async () => {
  const warmUpSeed = 1_000_000_000;
  await send(warmUpSeed, warmUpGroups * groupSize);
  await askAgain();
  const before = await ingest.look();
  const looks: Watched[] = [];
  const begin = performance.now();
  let later = 0;
  let sent = 0;
  while (sent < wanted && (performance.now() - begin) / 1_000 < maxSeconds) {
    const some = Math.min(lookEvery, wanted - sent);
    await send(firstSeed + sent / groupSize, some);
    sent += some;
    looks.push(await ingest.look());
    later += await askAgain();
    if (wanted > lookEvery) process.stderr.write(`fuzz: ${sent} of ${wanted}\n`);
  }
  const seconds = (performance.now() - begin) / 1_000;
  const after = looks.at(-1) as Watched;
  const most = (of: (look: Watched) => number) => Math.round(Math.max(...looks.map(of)) * 10) / 10;
  const figures = {
    inputs: sent,
    seconds: Math.round(seconds),
    kinds: Object.fromEntries(kinds),
    statuses: Object.fromEntries(statuses),
    later,
    longestOwnStallMs: most(({ ownStallMs }) => ownStallMs),
    busiestMs: most(({ busyMs }) => busyMs),
    longestStallOnTheWallMs: most(({ stallMs }) => stallMs),
    megabytesBefore: megabytes(before.residentBytes),
    megabytesAfter: megabytes(after.residentBytes),
    megabytesAtMost: most(({ residentBytes }) => residentBytes / 1e6),
    heapBefore: megabytes(before.heapBytes),
    heapAfter: megabytes(after.heapBytes),
    peakMegabytes: megabytes(ingest.peakBytes()),
  };
  process.stderr.write(`fuzz: ${JSON.stringify(figures)}\n`);

  expect(ingest.ended).toBeUndefined();
  expect(ingest.logged.filter((line) => /"level":"?(?:50|60|error|fatal)/.test(line))).toEqual([]);
  expect(after.residentBytes - before.residentBytes).toBeLessThan(maxGrowthBytes);
  // The time of the processor, and not that on the wall, in which a shared machine does other things as well.
  expect(most(({ busyMs }) => busyMs)).toBeLessThan(maxStallMs);
  const { status } = await post(JSON.stringify(locationEvent({ id: randomUUID() })), "identity", "application/json");
  expect(status).toBe(202);
});

test.each(["application/json", "application/x-ndjson"])("a bomb of 64 KB is refused, %s", async (type) => {
  const bomb = gzipSync(Buffer.alloc(63 * 1024 * 1024), { level: 9 });
  expect(bomb.length).toBeGreaterThan(63_000);
  expect(bomb.length).toBeLessThan(65_536);
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const begin = performance.now();
    const { text } = await post(bomb, "gzip", type);
    times.push(performance.now() - begin);
    expect(text).toContain("request_inflated_too_large");
  }
  times.sort((a, b) => a - b);
  process.stderr.write(`bomb: fastest ${times[0]?.toFixed(1)} ms, median ${times[7]?.toFixed(1)} ms\n`);
  // Other processes of the machine take their turns in between: the slower ones tell of them.
  if (isProof) expect(times[3]).toBeLessThan(50);
});

async function post(body: string | Uint8Array, encoding: string, type: string) {
  const headers = { authorization: `Bearer ${seeds.key}`, "content-type": type, "content-encoding": encoding };
  const response = await fetch(`${ingest.url}/v1/events`, { method: "POST", headers, body: body as string });
  return { status: response.status, text: await response.text() };
}
