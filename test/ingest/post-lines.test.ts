import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { createIngest, type Ingest, ingestOptions } from "../../ingest/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";
import { locationEvent, offlineKnowledge } from "./knowledge.ts";

const opened: Ingest[] = [];
afterEach(async () => {
  for (const ingest of opened.splice(0)) await ingest.stop();
});

type Sent = { readonly ids: string[]; gate: Promise<void> };

/** A front door whose Kafka is a list of ids, which waits for `gate`. */
async function openDoor(flags: Readonly<Record<string, string>> = {}) {
  const sent: Sent = { ids: [], gate: Promise.resolve() };
  const ingest = createIngest({
    options: readOptions(ingestOptions, {
      // The test has the same event loop, and is not what the door shall measure.
      flags: { "ingest-port": "0", "ingest-allow-anonymous": "true", "ingest-max-loop-delay-ms": "0", ...flags },
    }),
    schemas: offlineKnowledge(),
    producer: {
      connected: true,
      async send(_topic, records) {
        sent.ids.push(...records.map(({ headers }) => String((headers as Record<string, string>).ce_id)));
        await sent.gate;
      },
    },
    metrics: createMetrics(),
    log: silentLogger,
  });
  await ingest.start(() => undefined);
  opened.push(ingest);
  return { ingest, sent, url: `${ingest.url}/v1/events` };
}

type Result = { readonly index?: number; readonly status?: string; readonly code?: string };
type Summary = {
  readonly summary: Readonly<Record<string, unknown>> & { readonly problem?: { readonly code: string } };
};

/** A stream under way: what was answered so far, line by line. */
function openStream(url: string, headers: Readonly<Record<string, string>> = {}) {
  const lines: (Result & Partial<Summary>)[] = [];
  const outgoing: ClientRequest = request(url, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
  });
  outgoing.on("error", () => undefined);
  const response = new Promise<IncomingMessage[]>((resolve) => {
    outgoing.on("response", (incoming) => resolve([incoming]));
  }).then(([incoming]: IncomingMessage[]) => {
    const answer = incoming as IncomingMessage;
    answer.on("error", () => undefined);
    const reader = createInterface(answer);
    reader.on("line", (line) => lines.push(JSON.parse(line) as Result)).on("error", () => undefined);
    return answer;
  });
  outgoing.flushHeaders();
  return {
    outgoing,
    lines,
    response,
    async ended() {
      const answer = await response;
      if (!answer.readableEnded) await once(answer, "end");
      return lines.at(-1)?.summary;
    },
  };
}

const line = (changes: Readonly<Record<string, unknown>> = {}) =>
  `${JSON.stringify(locationEvent({ id: randomUUID(), time: new Date().toISOString(), ...changes }))}\n`;

test("each line has its result while the body still comes, and the last line has the counts", async () => {
  const { url } = await openDoor();
  const stream = openStream(url);
  for (let i = 0; i < 3; i++) {
    stream.outgoing.write(line());
    await eventually(() => stream.lines.length === i + 1);
  }
  expect(stream.lines).toMatchObject([0, 1, 2].map((index) => ({ index, status: "accepted" })));
  stream.outgoing.end("\nno JSON");
  expect(await stream.ended()).toEqual({
    complete: true,
    lines: 5,
    accepted: 3,
    duplicate: 0,
    quarantined: 0,
    rejected: 1,
    retry: 0,
  });
  expect(stream.lines[3]).toMatchObject({ index: 4, status: "rejected", code: "event_json_invalid" });
  expect((await stream.response).headers["content-type"]).toBe("application/x-ndjson");
});

test("unparsable, oversize, unknown and repeated lines harm no other", async () => {
  const { url, sent } = await openDoor({ "ingest-max-event-bytes": "1000" });
  const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
  const stream = openStream(url);
  stream.outgoing.write(line({ id: a }) + line({ source: "x".repeat(2_000_000) }) + line({ id: b }));
  stream.outgoing.write(line({ type: "driver.locaton" }) + line({ id: undefined }));
  stream.outgoing.write(Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc3]), Buffer.from('"}\n')]));
  stream.outgoing.end(`7\n${line({ id: c })}`);
  expect(await stream.ended()).toMatchObject({ complete: true, lines: 8, accepted: 3, rejected: 5 });
  expect(stream.lines.map((result) => result.code ?? result.status)).toEqual([
    "accepted",
    "event_too_large",
    "accepted",
    "event_type_unknown",
    "event_id_missing",
    "event_utf8_invalid",
    "event_not_object",
    "accepted",
    undefined,
  ]);
  expect(sent.ids).toEqual([a, b, c]);
});

test("Prefer: return=minimal leaves out what is stored", async () => {
  const { url } = await openDoor();
  const stream = openStream(url, { prefer: "return=minimal" });
  stream.outgoing.end(`${line()}7\n${line()}`);
  expect(await stream.ended()).toMatchObject({ accepted: 2, rejected: 1 });
  expect(stream.lines.slice(0, -1)).toMatchObject([{ index: 1, code: "event_not_object" }]);
});

test("a sender over its rate is slowed down instead of being sent away", async () => {
  const { url } = await openDoor({ "ingest-key-events-per-second": "100", "ingest-key-burst": "50" });
  const stream = openStream(url);
  const begin = performance.now();
  stream.outgoing.end(Array.from({ length: 150 }, () => line()).join(""));
  expect(await stream.ended()).toMatchObject({ complete: true, accepted: 150, retry: 0 });
  // The first fifty are at once there, the others come at their rate.
  expect(performance.now() - begin).toBeGreaterThan(950);
});

test("while a piece waits for Kafka no more than a bounded part of the body is read", async () => {
  const { url, sent } = await openDoor();
  let open: () => void = () => undefined;
  let isOpen = false;
  sent.gate = new Promise((resolve) => {
    open = resolve;
  });
  const stream = openStream(url, { prefer: "return=minimal" });
  const text = Array.from({ length: 100 }, () => line()).join("");
  // 12 MB do not fit into the buffers of two sockets and one piece.
  const total = 400;
  let written = 0;
  const writing = (async () => {
    while (written < total && !isOpen) {
      written++;
      if (!stream.outgoing.write(text)) await once(stream.outgoing, "drain");
    }
    stream.outgoing.end();
  })();
  let before = -1;
  await eventually(
    () => {
      const stood = before === written;
      before = written;
      return stood;
    },
    { everyMs: 250 },
  );
  expect(written).toBeLessThan(total);
  isOpen = true;
  open();
  await writing;
  expect(await stream.ended()).toMatchObject({ complete: true, accepted: 100, duplicate: (written - 1) * 100 });
});

test("a client that does not take its results is read no further, and cut off in the end", async () => {
  const { url, sent } = await openDoor({ "ingest-stream-idle-timeout-ms": "700" });
  const outgoing = request(url, { method: "POST", headers: { "content-type": "application/x-ndjson" } });
  outgoing.on("error", () => undefined);
  // The response is never read.
  outgoing.on("response", (response) => response.on("error", () => undefined).pause());
  const small = "7\n".repeat(10_000);
  const writeOn = () => {
    while (!outgoing.destroyed && outgoing.write(small));
  };
  outgoing.on("drain", writeOn);
  writeOn();
  await eventually(() => outgoing.destroyed);
  expect(sent.ids).toEqual([]);
});

const impatient = { "ingest-headers-timeout-ms": "300", "ingest-request-timeout-ms": "300" };

test("a stream may take longer than any other request", async () => {
  const { url } = await openDoor(impatient);
  const stream = openStream(url);
  const begin = performance.now();
  while (performance.now() - begin < 1_600) {
    const before = stream.lines.length;
    stream.outgoing.write(line());
    await eventually(() => stream.lines.length > before, { everyMs: 50 });
  }
  const accepted = stream.lines.length;
  stream.outgoing.end();
  expect(await stream.ended()).toMatchObject({ complete: true, accepted });
});

test("a stream may not stand still", async () => {
  const { url } = await openDoor({ ...impatient, "ingest-stream-idle-timeout-ms": "700" });
  const stream = openStream(url);
  stream.outgoing.write(line());
  const summary = await stream.ended();
  expect(summary).toMatchObject({ complete: false, accepted: stream.lines.length - 1, rejected: 0 });
  expect(summary?.problem).toMatchObject({ code: "request_stream_idle" });
});

test("a stream may be silent for longer than any other connection", async () => {
  const { url } = await openDoor({ "ingest-idle-timeout-ms": "1000" });
  const stream = openStream(url);
  stream.outgoing.write(line());
  await eventually(() => stream.lines.length === 1);
  const begin = performance.now();
  await eventually(() => performance.now() - begin > 1_400);
  stream.outgoing.end(line());
  expect(await stream.ended()).toMatchObject({ complete: true, accepted: 2 });
});

test("a client that goes away ends the work", async () => {
  const { url, sent } = await openDoor();
  const stream = openStream(url);
  let open: () => void = () => undefined;
  sent.gate = new Promise((resolve) => {
    open = resolve;
  });
  const first = randomUUID();
  stream.outgoing.write(line({ id: first }));
  await eventually(() => sent.ids.length === 1);
  stream.outgoing.write(Array.from({ length: 100 }, () => line()).join(""));
  stream.outgoing.destroy();
  await once(stream.outgoing, "close");
  open();
  const after = openStream(url);
  after.outgoing.end(line());
  await after.ended();
  expect(sent.ids).toHaveLength(2);
  expect(sent.ids[0]).toBe(first);
});

test("a server that stops ends a stream after what it has at hand", async () => {
  const { url, ingest } = await openDoor();
  const stream = openStream(url);
  stream.outgoing.write(line());
  await eventually(() => stream.lines.length === 1);
  await ingest.stop();
  expect(await stream.ended()).toMatchObject({ complete: false, accepted: 1, problem: { code: "request_stopping" } });
});

test("gzip is inflated as it comes", async () => {
  const { url } = await openDoor();
  const stream = openStream(url, { "content-encoding": "gzip" });
  // Gzip files may be joined; here in the middle of a line.
  const text = Buffer.from(Array.from({ length: 5_000 }, () => line()).join(""));
  const packed = Buffer.concat([gzipSync(text.subarray(0, 100_010)), gzipSync(text.subarray(100_010))]);
  for (let at = 0; at < packed.length; at += 10_000) stream.outgoing.write(packed.subarray(at, at + 10_000));
  stream.outgoing.end();
  expect(await stream.ended()).toMatchObject({ complete: true, accepted: 5_000 });
});

test.each([
  ["a bomb", gzipSync(Buffer.alloc(64 * 1024 * 1024, "\n")), "request_inflated_too_large"],
  ["no gzip", Buffer.from("7\n"), "request_gzip_invalid"],
  ["half of gzip", gzipSync("7\n".repeat(10)).subarray(0, 15), "request_gzip_invalid"],
])("%s ends the stream with its reason", async (_name, body, code) => {
  const { url } = await openDoor();
  const stream = openStream(url, { "content-encoding": "gzip" });
  stream.outgoing.end(body);
  expect((await stream.ended())?.problem).toMatchObject({ code });
});
