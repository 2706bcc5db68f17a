import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { collectorUrlFrom, createIngest, type Ingest, ingestOptions } from "../../../ingest/index.ts";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";
import { locationEvent, offlineKnowledge } from "../knowledge.ts";

type Attribute = {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
};
type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A receiver of OTLP/HTTP in JSON. */
async function startCollector() {
  const spans: Span[] = [];
  const resources: Attribute[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
    };
    expect(request.url).toBe("/v1/traces");
    for (const { resource, scopeSpans } of body.resourceSpans) {
      resources.push(...resource.attributes);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.setHeader("content-type", "application/json").end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, resources };
}

async function openDoor(flags: Readonly<Record<string, string>>) {
  const records: OutgoingRecord[] = [];
  const ingest: Ingest = createIngest({
    options: readOptions(ingestOptions, {
      flags: { "ingest-port": "0", "ingest-allow-anonymous": "true", "ingest-max-loop-delay-ms": "0", ...flags },
    }),
    schemas: offlineKnowledge(),
    producer: { connected: true, send: async (_topic, sent) => void records.push(...sent) },
    metrics: createMetrics(),
    log: silentLogger,
  });
  await ingest.start(() => undefined);
  closing.push(() => ingest.stop());
  let serial = 0;
  const post = async (traceparent?: string, event: unknown = locationEvent({ id: `${serial++}` })) => {
    const response = await fetch(`${ingest.url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(traceparent === undefined ? {} : { traceparent }) },
      body: JSON.stringify(event),
    });
    await response.text();
    const headers = records.at(-1)?.headers as Readonly<Record<string, string>> | undefined;
    return { status: response.status, sent: headers?.traceparent };
  };
  return { ingest, post };
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const clientSpan = "b7ad6b7169203331";
const client = `00-${traceId}-${clientSpan}-01`;

test("a request is a span of the client's trace, and what goes into Kafka is a child of the client's span", async () => {
  const collector = await startCollector();
  const { post } = await openDoor({ "ingest-tracing-otlp-url": collector.url });
  const { sent } = await post(client);
  await eventually(() => collector.spans.length === 1);
  const [span] = collector.spans;
  expect(span).toMatchObject({ traceId, parentSpanId: clientSpan, name: "POST /v1/events", kind: 2 });
  expect(sent).toBe(`00-${traceId}-${span?.spanId}-01`);
  const attribute = (key: string) => span?.attributes.find((one) => one.key === key)?.value;
  expect(attribute("http.response.status_code")).toEqual({ intValue: 202 });
  expect(attribute("hailstream.results")).toEqual({ stringValue: "accepted=1" });
  expect(collector.resources).toContainEqual({ key: "service.name", value: { stringValue: "hailstream-ingest" } });
});

test("without a client's context a trace begins here, as often as the ratio says", async () => {
  const collector = await startCollector();
  const { ingest, post } = await openDoor({ "ingest-tracing-otlp-url": collector.url });
  const all = [await post(), await post("00-not-a-context-01"), await post(undefined, { id: "x" })];
  const none = await openDoor({ "ingest-tracing-otlp-url": collector.url, "ingest-tracing-ratio": "0" });
  expect((await none.post()).sent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  await none.ingest.stop();
  // Stopping sends what is left.
  await ingest.stop();
  expect(collector.spans).toHaveLength(3);
  expect(collector.spans.every((span) => span.parentSpanId === undefined || span.parentSpanId === "")).toBe(true);
  expect(collector.spans[0]?.traceId).toBe(all[0]?.sent?.split("-")[1]);
  const statuses = collector.spans.map((span) => span.attributes.find(({ key }) => key.endsWith("status_code"))?.value);
  expect(statuses).toEqual([{ intValue: 202 }, { intValue: 202 }, { intValue: 422 }]);
});

test("an event's own context stays", async () => {
  const collector = await startCollector();
  const { post } = await openDoor({ "ingest-tracing-otlp-url": collector.url });
  const own = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
  expect((await post(client, locationEvent({ traceparent: own }))).sent).toBe(own);
});

test("a collector that is away costs spans, but no event, and keeps nobody from stopping", async () => {
  const { ingest, post } = await openDoor({ "ingest-tracing-otlp-url": "http://127.0.0.1:9" });
  expect(await post(client)).toMatchObject({ status: 202 });
  await ingest.stop();
});

test("when tracing is off the client's context goes on as it is, and OpenTelemetry is not even loaded", async () => {
  const { post } = await openDoor({});
  expect((await post(client)).sent).toBe(client);
  expect((await post()).sent).toBeUndefined();
  const importers = (what: RegExp) =>
    readdirSync("ingest", { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && what.test(readFileSync(`ingest/${name}`, "utf8")),
    );
  expect(importers(/from "@opentelemetry\//)).toEqual(["tracing/otlp-spans.ts"]);
  expect(importers(/^import (?!type).*otlp-spans/m)).toEqual([]);
});

test.each([
  [{}, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }, "http://collector:4318/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/otlp/" }, "http://collector:4318/otlp/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b/t" }, "http://b/t"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_SDK_DISABLED: "true" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_TRACES_EXPORTER: "none" }, undefined],
])("the standard variables %j name the collector %s", (env, url) => {
  expect(collectorUrlFrom(env)).toBe(url);
});
