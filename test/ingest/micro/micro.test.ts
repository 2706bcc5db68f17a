import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createIngest, hashApiKey, ingestOptions } from "../../../ingest/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { loadCatalogue, schemaFolder } from "../../../schemas/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { locationEvent } from "../knowledge.ts";
import { type MicroDoor, openMicro, statusesOf } from "./micro-door.ts";

let micro: MicroDoor;
const opened: MicroDoor[] = [];
const open = async (...parts: Parameters<typeof openMicro>) => {
  const door = await openMicro(...parts);
  opened.push(door);
  return door;
};
beforeAll(async () => {
  micro = await open();
});
beforeEach(() => micro.reset());
afterAll(() => Promise.all(opened.map((door) => door.close())));

const now = () => new Date().toISOString();
const event = (changes: Readonly<Record<string, unknown>> = {}) =>
  locationEvent({ id: randomUUID(), time: now(), ...changes });
const wrongLatitude = { driver_id: "drv_1", latitude: "north", longitude: 0 };

describe("what was sent is asked for", () => {
  test("a good event, as it was sent and as Kafka would have it", async () => {
    const sent = event();
    await micro.post(sent);
    const { body } = await micro.ask("/micro/good");
    expect(body).toMatchObject({ total: 1, good: 1, bad: 0, matching: 1, kept: 1, dropped: 0 });
    expect(body.events).toEqual([
      {
        sequence: expect.any(Number),
        received_at: expect.stringMatching(/^20.*Z$/),
        status: "accepted",
        id: sent.id,
        type: "driver.location",
        event: sent,
        result: { index: 0, id: sent.id, status: "accepted", schema_id: expect.any(Number) },
        stored: {
          topic: "driver-locations",
          key: "drv_1",
          schema_id: expect.any(Number),
          headers: expect.objectContaining({ ce_id: sent.id, ce_time: sent.time, ce_subject: "drv_1" }),
          // Defaults are filled in: it was read back from its Avro.
          data: expect.objectContaining({ latitude: 40.7128, longitude: -74.006, speed: null }),
        },
      },
    ]);
    expect((await micro.ask("/micro/bad")).body.events).toEqual([]);
  });

  test("a rejected one, with the answer that its sender got", async () => {
    const sent = event({ data: wrongLatitude });
    const answer = await micro.post(sent);
    const { body } = await micro.ask("/micro/bad");
    expect(body.events).toMatchObject([
      { status: "rejected", id: sent.id, type: "driver.location", code: "event_type_mismatch", event: sent },
    ]);
    expect([body.events[0]?.result]).toEqual((JSON.parse(answer.text) as { results: unknown[] }).results);
    expect(micro.told.at(-1)).toBe(
      `driver.location ${sent.id} was rejected: /data/latitude: expected a number, got "north" [event_type_mismatch]`,
    );
    expect((await micro.ask("/micro/good")).body.events).toEqual([]);
  });

  test("a duplicate is neither, but is found by its id", async () => {
    const sent = event();
    await micro.post(sent);
    expect(statusesOf((await micro.post(sent)).text)).toEqual(["duplicate"]);
    const { body } = await micro.ask(`/micro/all?id=${sent.id}`);
    expect(body.events.map(({ status }) => status)).toEqual(["accepted", "duplicate"]);
    expect(body).toMatchObject({ total: 2, good: 1, bad: 0, duplicate: 1 });
  });

  test("a request that is refused as a whole, with its body", async () => {
    await micro.post("{oops");
    const { body } = await micro.ask("/micro/bad?code=request_json_invalid");
    expect(body.events).toMatchObject([
      {
        status: "refused",
        request: { method: "POST", path: "/v1/events", body: "{oops", body_bytes: 5 },
        problem: { code: "request_json_invalid", status: 400, fields: { position: 1 } },
      },
    ]);
  });

  test("one that is too large, or deeper than anything can write, is kept as far as it can be", async () => {
    await micro.post(event({ data: { ...wrongLatitude, latitude: "x".repeat(400_000) } }));
    await micro.post("x".repeat(5_000_000));
    await micro.post(`{"id":"deep","data":${"[".repeat(20_000)}${"]".repeat(20_000)}}`);
    const { events } = (await micro.ask("/micro/bad")).body;
    expect(events.map(({ id, code }) => [id, code])).toEqual([
      [expect.any(String), "event_text_too_long"],
      [undefined, "request_body_too_large"],
      ["deep", "event_too_deep"],
    ]);
    expect(String(events[0]?.sent_text)).toHaveLength(256 * 1_024);
    expect(events[2]).toMatchObject({
      sent_text: expect.stringMatching(/^\{"id":"deep","data":\[{20000}\]{20000}\}$/),
    });
  });

  test("a path that is mistyped is a bad event, and whoever looks is none", async () => {
    await micro.post(event(), {}, "/v1/event");
    await micro.ask("/v1/nothing");
    await micro.ask("/micro/nothing", { method: "POST" });
    const { body } = await micro.ask("/micro/all");
    expect(body.events).toMatchObject([{ status: "refused", request: { path: "/v1/event" } }]);
  });

  test("times that lie far ahead are stored, with a warning", async () => {
    await micro.post(event({ time: new Date(Date.now() + 3_600_000).toISOString() }));
    const { events } = (await micro.ask("/micro/good")).body;
    expect(events[0]?.warnings).toEqual([expect.stringContaining("ahead of the server's clock")]);
  });
});

describe("every way in is watched", () => {
  test("a batch, zipped", async () => {
    const batch = [event(), event({ data: wrongLatitude })];
    const headers = { "content-type": "application/cloudevents-batch+json", "content-encoding": "gzip" };
    await micro.post(gzipSync(JSON.stringify(batch)), headers);
    expect((await micro.ask("/micro/all")).body.events.map(({ event }) => event)).toEqual(batch);
  });

  test("a stream of lines, one of them no JSON", async () => {
    const good = event();
    await micro.post(`${JSON.stringify(good)}\n{oops\n`, { "content-type": "application/x-ndjson" });
    expect((await micro.ask("/micro/all")).body.events).toMatchObject([
      { status: "accepted", event: good },
      { status: "rejected", code: "event_json_invalid", sent_text: "{oops" },
    ]);
  });

  test("attributes as headers", async () => {
    const { data, specversion, id, type, source, time } = event();
    const named = { specversion, id, type, source, time };
    const headers = Object.fromEntries(Object.entries(named).map(([name, value]) => [`ce-${name}`, String(value)]));
    await micro.post(data, { "content-type": "application/json", ...headers });
    expect((await micro.ask("/micro/good")).body.events).toMatchObject([{ id, event: { ...named, data } }]);
  });

  test("Avro, by the schema id that an answer told", async () => {
    const offline = await startOfflineSchemas();
    try {
      const { schema_id } = (JSON.parse((await micro.post(event())).text) as { results: { schema_id: number }[] })
        .results[0] as { schema_id: number };
      const bytes = offline.schemas.encode("driver.location", locationEvent().data);
      bytes.writeInt32BE(schema_id, 1);
      const named = { specversion: "1.0", id: "avro-1", type: "driver.location", source: "/t", time: now() };
      const headers = Object.fromEntries(Object.entries(named).map(([name, value]) => [`ce-${name}`, value]));
      const answer = await micro.post(bytes, { ...headers, "content-type": "application/avro" });
      expect(answer).toMatchObject({ status: 202 });
    } finally {
      await offline.stop();
    }
    const { events } = (await micro.ask("/micro/good?id=avro-1")).body;
    expect(events).toMatchObject([{ event: { data: { latitude: 40.7128 } }, stored: { data: { speed: null } } }]);
  });

  test("a client of Segment", async () => {
    const call = {
      ...{ type: "track", messageId: randomUUID(), event: "Driver Location", userId: "drv_1", timestamp: now() },
      properties: locationEvent().data,
    };
    await micro.post({ batch: [call] }, { "content-type": "application/json" }, "/v1/batch");
    const { events } = (await micro.ask("/micro/good")).body;
    expect(events).toMatchObject([{ id: call.messageId, type: "driver.location", event: { data: call.properties } }]);
  });
});

describe("filters and waiting", () => {
  test("by type, subject and key; a limit shows the oldest, and `after` the next", async () => {
    const sent = [1, 2, 3].map((n) => event({ id: `drv-${n}`, subject: n === 2 ? "drv_2" : "drv_1" }));
    await micro.post(sent, { "content-type": "application/cloudevents-batch+json" });
    expect((await micro.ask("/micro/good?type=driver.location&subject=drv_2")).body.events).toHaveLength(1);
    expect((await micro.ask("/micro/good?key=drv_1")).body.events).toHaveLength(3);
    const first = (await micro.ask("/micro/good?limit=2")).body;
    expect(first).toMatchObject({ matching: 3, events: [{ id: "drv-1" }, { id: "drv-2" }] });
    const rest = (await micro.ask(`/micro/good?after=${first.events[1]?.sequence}`)).body;
    expect(rest).toMatchObject({ matching: 1, events: [{ id: "drv-3" }] });
  });

  test("an answer waits until the events are there", async () => {
    const waiting = micro.ask("/micro/good?subject=drv_7&count=2&wait_ms=20000");
    await micro.post(event({ subject: "drv_7" }));
    await micro.post(event({ subject: "drv_8" }));
    await micro.post(event({ subject: "drv_7" }));
    expect((await waiting).body.events).toHaveLength(2);
  });

  test("or until the time is over", async () => {
    expect((await micro.ask("/micro/good?wait_ms=1")).body).toMatchObject({ matching: 0, events: [] });
  });

  test("a wrong query and a wrong method are answered in the format of all errors", async () => {
    expect(await micro.ask("/micro/good?typ=a")).toMatchObject({
      status: 400,
      body: { code: "micro_query_invalid", docs: "/errors/micro_query_invalid", fields: { did_you_mean: "type" } },
    });
    const posted = await micro.ask("/micro/bad", { method: "POST" });
    expect(posted).toMatchObject({ status: 405, body: { code: "request_method_unsupported" } });
    expect(posted.headers.get("allow")).toBe("GET");
  });
});

test.each(["GET", "POST"])("%s /micro/reset forgets events, counts and the ids of duplicates", async (method) => {
  const sent = event();
  await micro.post(sent);
  await micro.post("{oops");
  expect((await micro.ask("/micro/reset", { method })).body).toMatchObject({ total: 0, good: 0, bad: 0, kept: 0 });
  expect((await micro.ask("/micro/all")).body.events).toEqual([]);
  expect(statusesOf((await micro.post(sent)).text)).toEqual(["accepted"]);
  expect(statusesOf((await micro.post(sent)).text)).toEqual(["duplicate"]);
});

test("memory is bounded, and what was dropped is told", async () => {
  const door = await open({ "micro-max-kept-events": "3" });
  for (let i = 0; i < 5; i++) await door.post(event({ id: `bounded-${i}` }));
  const { body } = await door.ask("/micro/all");
  expect(body).toMatchObject({ total: 5, good: 5, kept: 3, dropped: 2 });
  expect(body.events.map(({ id }) => id)).toEqual(["bounded-2", "bounded-3", "bounded-4"]);
});

describe("who sends", () => {
  test("as an app in the field, wrong events are quarantined, with a warning", async () => {
    const door = await open({ "micro-stage": "live" });
    const answer = await door.post(event({ data: wrongLatitude }));
    expect(statusesOf(answer.text)).toEqual(["quarantined"]);
    const { body } = await door.ask("/micro/bad");
    expect(body).toMatchObject({ bad: 1, quarantined: 1 });
    expect(body.events[0]?.warnings).toEqual([expect.stringContaining("counts it as delivered")]);
  });

  test("with a file of API keys, strangers are refused", async () => {
    const dir = await mkdtemp(join(tmpdir(), "hailstream-micro-"));
    try {
      const file = join(dir, "keys.json");
      await writeFile(file, JSON.stringify([{ name: "test", sha256: hashApiKey("hsk_micro") }]));
      const door = await open({ "ingest-api-keys-file": file });
      expect((await door.post(event())).status).toBe(401);
      expect((await door.post(event(), { authorization: "Bearer hsk_micro" })).status).toBe(202);
      const { body } = await door.ask("/micro/all");
      expect(body.events.map(({ status, code }) => [status, code])).toEqual([
        ["refused", "request_api_key_missing"],
        ["accepted", undefined],
      ]);
      expect(JSON.stringify(body)).not.toContain("hsk_micro");
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("pages of other origins", () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/v1/events`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,sent-at",
      },
    });

  test.each(["http://localhost:3000", "https://127.0.0.1:8443", "http://[::1]:1", "capacitor://localhost"])(
    "%s may post and ask",
    async (origin) => {
      const asked = await preflight(micro.url, origin);
      expect(asked.status).toBe(204);
      expect(asked.headers.get("access-control-allow-origin")).toBe(origin);
      expect(asked.headers.get("access-control-allow-headers")).toBe("authorization,sent-at");
      const posted = await fetch(`${micro.url}/v1/events`, { method: "POST", headers: { origin }, body: "" });
      expect(posted.headers.get("access-control-allow-origin")).toBe(origin);
      expect((await micro.ask("/micro/all", { headers: { origin } })).headers.get("vary")).toContain("origin");
    },
  );

  test.each(["https://example.com", "http://localhost.example.com", "null"])("%s may not", async (origin) => {
    const asked = await preflight(micro.url, origin);
    expect(asked.status).toBe(405);
    expect(asked.headers.has("access-control-allow-origin")).toBe(false);
  });

  test("unless the options say so", async () => {
    const door = await open({ "micro-cors-origins": "https://a.example, https://example.com" });
    expect((await preflight(door.url, "https://example.com")).status).toBe(204);
    expect((await preflight(door.url, "http://localhost:3000")).status).toBe(405);
    const all = await open({ "micro-cors-origins": "*" });
    expect((await preflight(all.url, "https://example.com")).status).toBe(204);
  });
});

describe("it is the front door itself", () => {
  test("every answer is that of ingest, byte by byte", async () => {
    const offline = await startOfflineSchemas();
    const ingest = createIngest({
      options: readOptions(ingestOptions, {
        flags: { "ingest-port": "0", "ingest-allow-anonymous": "true", "ingest-max-loop-delay-ms": "0" },
      }),
      schemas: offline.schemas,
      producer: { connected: true, send: async () => undefined },
      metrics: createMetrics(),
      log: silentLogger,
    });
    await ingest.start(() => undefined);
    try {
      const sent = event();
      const bodies = [
        sent,
        sent,
        event({ data: wrongLatitude }),
        event({ type: "driver.locatoin" }),
        event({ id: undefined }),
        event({ time: "yesterday" }),
        event({ data: { ...(sent.data as object), extra: 1 } }),
        event({ data: { ...(sent.data as object), latitude: "x".repeat(40_000) } }),
        "{oops",
        "",
        [1, "a", null],
        { ...sent, data: { ...(sent.data as object), speed: 3 } },
      ];
      for (const body of bodies) {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const type = Array.isArray(body) ? "application/cloudevents-batch+json" : "application/cloudevents+json";
        const answers = [];
        for (const url of [ingest.url, micro.url]) {
          const init = { method: "POST", headers: { "content-type": type }, body: text };
          const response = await fetch(`${url}/v1/events`, init);
          answers.push({ status: response.status, text: await response.text() });
        }
        expect(answers[1]).toEqual(answers[0]);
      }
    } finally {
      await ingest.stop();
      await offline.stop();
    }
  });

  test("with schema files of one's own", async () => {
    const folder = join(schemaFolder, "..", "examples", "orders", "schemas");
    const door = await open({}, loadCatalogue(schemaFolder, [folder]));
    await door.post({
      ...{ specversion: "1.0", id: "stock-1", type: "stock.received", source: "/warehouse", time: now() },
      data: { sku: "desk", quantity: 10 },
    });
    expect((await door.ask("/micro/good?type=stock.received")).body.events).toHaveLength(1);
  });

  test("without what the variables of a pipeline on the same machine say of its disk", async () => {
    const env = {
      HAILSTREAM_INGEST_DATA_DIR: "/nowhere",
      HAILSTREAM_INGEST_SPOOL: "true",
      HAILSTREAM_INGEST_PORT: "1",
    };
    const door = await open({}, undefined, { ...env, HAILSTREAM_INGEST_MAX_EVENTS: "1" });
    expect((await door.post(event())).status).toBe(202);
    const two = await door.post([event(), event()], { "content-type": "application/cloudevents-batch+json" });
    expect(two.status).toBe(413);
    expect(await door.ask("/ready")).toMatchObject({ status: 200 });
  });
});
