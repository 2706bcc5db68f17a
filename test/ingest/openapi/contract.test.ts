import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import express from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDeviceKey } from "../../../ingest/identity/device-keys.ts";
import { createIngest, hashApiKey, type Ingest, type IngestParts, ingestOptions } from "../../../ingest/index.ts";
import { addDocsRoutes } from "../../../ingest/openapi/docs-routes.ts";
import { openApiDocument } from "../../../ingest/openapi/openapi-document.ts";
import { createMetrics, type ErrorCode, PipelineError, readOptions, silentLogger } from "../../../runtime/index.ts";
import { locationEvent, offlineKnowledge } from "../knowledge.ts";

/**
 * The running server against its own description: every operation and every status that is described is provoked by a real
 * request, and every answer must be described. Kafka is a function that takes the records or does not.
 */
const key = "hsk_contract";
const mintingKey = "hsk_minting";
let dir = "";
const opened: Ingest[] = [];

type Broken = {
  readonly send?: ErrorCode;
  readonly judging?: boolean;
  readonly deviceKeys?: false;
  readonly flags?: Readonly<Record<string, string>>;
};

async function open({ send, judging, deviceKeys, flags = {} }: Broken = {}): Promise<string> {
  const keysFile = join(dir, "keys.json");
  const minting = { name: "backend", sha256: hashApiKey(mintingKey), mint: true };
  await writeFile(keysFile, JSON.stringify([{ name: "test", sha256: hashApiKey(key) }, minting]));
  const deviceKeysFile = join(dir, "device-keys.json");
  if (!existsSync(deviceKeysFile)) await createDeviceKey(deviceKeysFile, new Date());
  const tokens = deviceKeys === false ? {} : { "ingest-device-keys-file": deviceKeysFile };
  const knowledge = offlineKnowledge();
  const check = () => {
    throw new Error("a fault");
  };
  const producer: IngestParts["producer"] = {
    connected: send === undefined,
    send: () => (send === undefined ? Promise.resolve() : Promise.reject(new PipelineError(send))),
  };
  const ingest = createIngest({
    options: readOptions(ingestOptions, {
      flags: {
        "ingest-port": "0",
        // The test has the same event loop, and is not what the door shall measure.
        "ingest-max-loop-delay-ms": "0",
        "ingest-api-keys-file": keysFile,
        ...tokens,
        ...flags,
      },
    }),
    schemas: judging === true ? { ...knowledge, check } : knowledge,
    producer,
    metrics: createMetrics(),
    log: silentLogger,
  });
  await ingest.start(() => undefined);
  opened.push(ingest);
  return ingest.url;
}

type Json = { readonly [name: string]: Json };
let description: Json;
let url = "";
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-contract-"));
  url = await open();
  description = (await (await fetch(`${url}/openapi.json`)).json()) as Json;
  ajv.addSchema(description, "api");
});
afterAll(async () => {
  for (const ingest of opened) await ingest.stop();
  await rm(dir, { recursive: true });
});

test("the description is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(description));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(description.openapi).toMatch(/^3\.1\./);
});

test("a server that takes events from everyone asks for no key, and its description is valid too", async () => {
  const options = readOptions(ingestOptions, { flags: { "ingest-allow-anonymous": "true" } });
  const anonymous = openApiDocument(options, offlineKnowledge().catalogue);
  expect((await new Validator().validate(structuredClone(anonymous))).errors).toBeUndefined();
  expect(anonymous).not.toHaveProperty("security");
  expect(description.security).toBeDefined();
});

test("every schema of the description can be compiled, and the examples fit", () => {
  const schemas = description.components?.schemas as Json;
  for (const [name, schema] of Object.entries(schemas)) {
    const validate = ajv.getSchema(`api#/components/schemas/${name}`);
    expect(validate, name).toBeTypeOf("function");
    for (const example of (schema as unknown as { examples?: unknown[] }).examples ?? []) {
      expect({ name, valid: validate?.(example), errors: validate?.errors }).toMatchObject({ valid: true });
    }
  }
});

test("the examples of requests and answers fit their schemas", () => {
  let count = 0;
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { schema, example } = node as { schema?: object; example?: unknown };
    if (schema !== undefined && example !== undefined) {
      count++;
      const resolved = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object;
      const validate = ajv.compile(resolved);
      expect({ path, valid: validate(example), errors: validate.errors }).toMatchObject({ valid: true });
    }
    for (const [name, child] of Object.entries(node)) visit(child, `${path}/${name}`);
  };
  visit(description.paths, "/paths");
  expect(count).toBeGreaterThan(10);
});

test("what the server can be asked is described, and nothing else is", () => {
  const app = express();
  addDocsRoutes(app, { options: {} as never, catalogue: offlineKnowledge().catalogue });
  const layers = app.router.stack as unknown as { route?: { path: string } }[];
  const served = layers.map(({ route }) => route?.path.replace(":code", "{code}") ?? "");
  const files = served.filter((path) => path.startsWith("/docs/"));
  const others = ["/v1/events", "/v1/batch", "/v1/{call}", "/v1/device-tokens", "/live", "/ready", "/metrics"];
  expect([...served.filter((path) => !files.includes(path)), ...others].sort()).toEqual(
    Object.keys(description.paths ?? {}).sort(),
  );
});

const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
  body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
});
const longHead = post({}, { "x-long": "x".repeat(17_000) });
/** A request whose body never comes whole. */
const endless = (): RequestInit => ({
  ...post(""),
  ...{ duplex: "half", body: new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("{")) }) },
});
const impatient = { flags: { "ingest-headers-timeout-ms": "300", "ingest-request-timeout-ms": "300" } };
const minter = { authorization: `Bearer ${mintingKey}` };
const good = locationEvent();
const bad = locationEvent({ type: "driver.locaton" });
const binary = {
  "ce-specversion": "1.0",
  "ce-id": "in binary mode",
  "ce-type": "driver.location",
  "ce-source": "/test",
  "ce-time": "2026-11-22T21:11:41Z",
};
const track = (changes: object = {}) => ({
  messageId: crypto.randomUUID(),
  event: "Driver Location",
  timestamp: "2026-11-22T21:11:41Z",
  properties: good.data,
  ...changes,
});
const batch = (...calls: object[]) => ({ batch: calls.map((call) => ({ type: "track", ...call })) });
const basic = { authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` };
const lines = [good, bad, { ...good, id: "2" }].map((event) => JSON.stringify(event)).join("\n");
const html = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

/** operation, expected status and content type, request, what is broken */
type Probe = readonly [string, number, string, string, RequestInit, Broken?];
const probes: readonly Probe[] = [
  ["POST /v1/events", 202, "application/json", "/v1/events", post(good)],
  ["POST /v1/events", 202, "application/json", "/v1/events", post([])],
  ["POST /v1/events", 207, "application/json", "/v1/events", post([good, bad, 7])],
  ["POST /v1/events", 422, "application/json", "/v1/events", post([{ ...good, data: { latitud: 1, speed: "x" } }, {}])],
  ["POST /v1/events", 202, "application/json", "/v1/events", post(good.data, binary)],
  [
    "POST /v1/events",
    422,
    "application/json",
    "/v1/events",
    post("?", { ...binary, "content-type": "application/avro" }),
  ],
  [
    "POST /v1/events",
    200,
    "application/x-ndjson",
    "/v1/events",
    post(lines, { "content-type": "application/x-ndjson" }),
  ],
  ["POST /v1/events", 400, "application/problem+json", "/v1/events", post("{")],
  ["POST /v1/events", 401, "application/problem+json", "/v1/events", post(good, { authorization: "Bearer wrong" })],
  ["POST /v1/events", 408, "application/problem+json", "/v1/events", endless(), impatient],
  ["POST /v1/events", 431, "application/problem+json", "/v1/events", longHead],
  ["POST /v1/batch", 408, "application/problem+json", "/v1/batch", endless(), impatient],
  ["POST /v1/batch", 431, "application/problem+json", "/v1/batch", longHead],
  ["POST /v1/{call}", 408, "application/problem+json", "/v1/track", endless(), impatient],
  ["POST /v1/{call}", 431, "application/problem+json", "/v1/track", longHead],
  ["POST /v1/events", 413, "application/problem+json", "/v1/events", post(Array(1_001).fill(0))],
  [
    "POST /v1/events",
    413,
    "application/problem+json",
    "/v1/events",
    post(gzipSync(Buffer.alloc(5 * 1024 * 1024, " ")), { "content-encoding": "gzip" }),
  ],
  ["POST /v1/events", 415, "application/problem+json", "/v1/events", post(good, { "content-type": "text/plain" })],
  [
    "POST /v1/events",
    429,
    "application/problem+json",
    "/v1/events",
    post([good, { ...good, id: "2" }]),
    { flags: { "ingest-key-events-per-second": "1", "ingest-key-burst": "1" } },
  ],
  [
    "POST /v1/events",
    503,
    "application/problem+json",
    "/v1/events",
    post([good, bad]),
    { send: "kafka_produce_failed" },
  ],
  ["POST /v1/events", 500, "application/problem+json", "/v1/events", post(good), { judging: true }],
  ...(["/v1/batch", "/v1/{call}"] as const).flatMap((path): Probe[] => {
    const operation = `POST ${path}`;
    const url = path.replace("{call}", "track");
    const one = (call: object) => post(url === "/v1/track" ? call : batch(call), basic);
    const problem = "application/problem+json";
    return [
      [operation, 200, "application/json", url, one(track())],
      [operation, 400, "application/json", url, one(track({ event: "Nothing" }))],
      [operation, 400, problem, url, post("{")],
      [operation, 401, problem, url, post(batch(), { authorization: "" })],
      [operation, 413, problem, url, post(" ".repeat(4 * 1024 * 1024 + 1))],
      [operation, 415, problem, url, post(batch(), { "content-encoding": "br" })],
      [operation, 429, problem, url, one(track()), { send: "request_rate_limited" }],
      [operation, 500, problem, url, one(track()), { judging: true }],
      [operation, 503, problem, url, one(track()), { send: "kafka_produce_failed" }],
    ];
  }),
  ["POST /v1/batch", 200, "application/json", "/v1/batch", post(batch(track(), track({ event: 7 }), {}))],
  ["POST /v1/batch", 400, "application/json", "/v1/batch", post({ batch: [null, 7, "x", []] })],
  ["POST /v1/device-tokens", 201, "application/json", "/v1/device-tokens", post({ subject: "drv_1" }, minter)],
  ["POST /v1/device-tokens", 400, "application/problem+json", "/v1/device-tokens", post({ subject: 1 }, minter)],
  ["POST /v1/device-tokens", 401, "application/problem+json", "/v1/device-tokens", post({}, { authorization: "" })],
  ["POST /v1/device-tokens", 403, "application/problem+json", "/v1/device-tokens", post({ subject: "drv_1" })],
  [
    "POST /v1/device-tokens",
    404,
    "application/problem+json",
    "/v1/device-tokens",
    post({}, minter),
    { deviceKeys: false },
  ],
  ["POST /v1/device-tokens", 413, "application/problem+json", "/v1/device-tokens", post(" ".repeat(9_000), minter)],
  ["GET /errors", 200, "application/json", "/errors", {}],
  ["GET /errors", 200, "text/html", "/errors", html],
  ["GET /errors/{code}", 200, "application/json", "/errors/event_id_missing", {}],
  ["GET /errors/{code}", 200, "text/html", "/errors/event_id_missing", html],
  ["GET /errors/{code}", 404, "application/problem+json", "/errors/constructor", {}],
  ["GET /openapi.json", 200, "application/json", "/openapi.json", {}],
  ["GET /docs", 200, "text/html", "/docs", html],
  ["GET /live", 200, "application/json", "/live", {}],
  ["GET /ready", 200, "application/json", "/ready", {}],
  ["GET /ready", 503, "application/json", "/ready", {}, { send: "kafka_unreachable" }],
  ["GET /metrics", 200, "text/plain", "/metrics", {}],
];

describe("answers are as described", () => {
  for (const [operation, status, type, path, init, broken] of probes) {
    test(`${operation} ${status} ${type}${broken === undefined ? "" : ` ${JSON.stringify(broken)}`}`, async () => {
      const response = await fetch((broken === undefined ? url : await open(broken)) + path, init);
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")?.split(";")[0]).toBe(type);
      await expectDescribed(operation, response);
    });
  }

  test("an answer that is not as described is found", async () => {
    const headers = { "content-type": "application/json", "hailstream-results": "" };
    const right = { accepted: 0, rejected: 0, results: [] };
    const answer = (body: unknown, status = 202) => new Response(JSON.stringify(body), { status, headers });
    const check = (response: Response) => expectDescribed("POST /v1/events", response);
    await check(answer(right));
    await expect(check(answer({ ...right, more: 1 }))).rejects.toThrow("valid");
    await expect(check(answer({ ...right, results: [{ index: 0, status: "rejected" }] }))).rejects.toThrow("valid");
    await expect(check(answer(right, 299))).rejects.toThrow("responses/299");
  });

  test("no status and no type of answer is described that was not provoked above", () => {
    const seen = new Set(probes.map(([operation, status, type]) => `${operation} ${status} ${type}`));
    const described = Object.entries(description.paths as Json).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        Object.entries(operation.responses as Json).flatMap(([status, response]) =>
          Object.keys(response.content ?? { none: 1 }).map(
            (type) => `${method.toUpperCase()} ${path} ${status} ${type}`,
          ),
        ),
      ),
    );
    expect(described.filter((answer) => !seen.has(answer))).toEqual([]);
  });
});

async function expectDescribed(operation: string, response: Response): Promise<void> {
  const [method = "", path = ""] = operation.split(" ");
  const pointer = `/paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${response.status}`;
  const described = description.paths?.[path]?.[method.toLowerCase()]?.responses?.[String(response.status)];
  expect(described, pointer).toBeDefined();
  for (const header of Object.keys(described?.headers ?? {}))
    expect(response.headers.get(header), header).not.toBeNull();
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  expect(Object.keys(described?.content ?? {})).toContain(type);
  const text = await response.text();
  if (type === "application/x-ndjson") {
    const validate = ajv.getSchema("api#/components/schemas/StreamLine");
    for (const line of text.trimEnd().split("\n")) {
      expect({ line, valid: validate?.(JSON.parse(line)), errors: validate?.errors }).toMatchObject({ valid: true });
    }
    return;
  }
  const body = type.includes("json") ? (JSON.parse(text) as unknown) : text;
  const escaped = encodeURIComponent(type.replaceAll("/", "~1"));
  const validate = ajv.getSchema(`api#${encodeURI(pointer)}/content/${escaped}/schema`);
  if (validate === undefined) throw new Error(`no schema at ${pointer} ${type}`);
  expect({ valid: validate(body), errors: validate.errors, body }).toMatchObject({ valid: true });
}
