import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createIngest, type Ingest, ingestOptions } from "../../ingest/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { locationEvent, offlineKnowledge } from "./knowledge.ts";
import { exchange } from "./raw-http.ts";

/** The server against clients that node's own would never be: bytes over a socket. Kafka takes everything. */
const opened: Ingest[] = [];
let stored = 0;

async function open(flags: Readonly<Record<string, string>> = {}): Promise<Ingest> {
  const ingest = createIngest({
    options: readOptions(ingestOptions, {
      flags: {
        "ingest-port": "0",
        "ingest-allow-anonymous": "true",
        "ingest-max-loop-delay-ms": "0",
        ...flags,
      },
    }),
    schemas: offlineKnowledge(),
    producer: {
      connected: true,
      send: (_topic, records) => {
        stored += records.length;
        return Promise.resolve();
      },
    },
    metrics: createMetrics(),
    log: silentLogger,
  });
  await ingest.start(() => undefined);
  opened.push(ingest);
  return ingest;
}

let url = "";
beforeAll(async () => {
  url = (await open()).url;
});
afterAll(() => Promise.all(opened.map((ingest) => ingest.stop())));

let serial = 0;
const eventText = () => JSON.stringify(locationEvent({ id: `hardening-${serial++}` }));
const post = (headers: readonly string[], body: string, target = "/v1/events", version = "1.1") =>
  [`POST ${target} HTTP/${version}`, ...headers, "", body].join("\r\n");
const json = "Content-Type: application/json";
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const lengthOf = (text: string) => `Content-Length: ${Buffer.byteLength(text)}`;
const whole = (text: string) => /\r\n\r\n.*\}$/s.test(text);

describe("heads that two machines may read differently are refused, and the connection is closed", () => {
  const body = eventText();
  test.each([
    ["two Host headers", post(["Host: a", "host: b", json, lengthOf(body)], body)],
    ["two Content-Types", post(["Host: a", json, "content-type: application/x-ndjson", lengthOf(body)], body)],
    ["two Authorizations", post(["Host: a", json, "Authorization: a", "AUTHORIZATION: b", lengthOf(body)], body)],
    ["two Content-Lengths", post(["Host: a", json, lengthOf(body), "Content-Length: 3"], body)],
    ["the same Content-Length twice", post(["Host: a", json, lengthOf(body), lengthOf(body)], body)],
    ["a list of Content-Lengths", post(["Host: a", json, `${lengthOf(body)}, 3`], body)],
    ["Content-Length with a sign", post(["Host: a", json, "Content-Length: +5"], body)],
    [
      "Content-Length and chunked",
      post(["Host: a", json, lengthOf(body), "Transfer-Encoding: chunked"], chunked(body)),
    ],
    [
      "chunked twice",
      post(["Host: a", json, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], chunked(body)),
    ],
    ["chunked and not chunked", post(["Host: a", json, "Transfer-Encoding: chunked, identity"], chunked(body))],
    ["another transfer encoding", post(["Host: a", json, "Transfer-Encoding: gzip, chunked"], chunked(body))],
    ["a hidden transfer encoding", post(["Host: a", json, "Transfer-Encoding: xchunked"], chunked(body))],
    ["a space before the colon", post(["Host: a", json, "Transfer-Encoding : chunked"], chunked(body))],
    ["a folded header", post(["Host: a", json, "X-A: b", " c: d", lengthOf(body)], body)],
    ["HTTP/1.0 with Transfer-Encoding", post([json, "Transfer-Encoding: chunked"], chunked(body), "/v1/events", "1.0")],
    ["an absolute target", post(["Host: a", json, lengthOf(body)], body, "http://a/v1/events")],
    ["an authority as a target", post(["Host: a", json, lengthOf(body)], body, "a:80")],
    ["no Host", post([json, lengthOf(body)], body)],
    ["a bare line feed", `POST /v1/events HTTP/1.1\nHost: a\n${json}\n${lengthOf(body)}\n\n${body}`],
    ["a NUL in a header", post(["Host: a", "X-A: b\0c", json, lengthOf(body)], body)],
    ["101 headers", post(["Host: a", ...Array<string>(98).fill("X-A: b"), json, lengthOf(body), "X-B: c"], body)],
    ["HTTP/2 without a proxy", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("%s", async (_name, bytes) => {
    const before = stored;
    const answer = await exchange(url, [bytes]);
    expect(answer).toMatchObject({ statuses: [400], closed: true });
    expect(stored).toBe(before);
  });

  test("a request that is smuggled in the body of a refused one is not taken", async () => {
    const smuggled = post(["Host: a", json, lengthOf(body)], body);
    const bytes = post(["Host: a", "Host: b", json, "Content-Length: 0"], smuggled);
    const before = stored;
    expect(await exchange(url, [bytes])).toMatchObject({ statuses: [400], closed: true });
    expect(stored).toBe(before);
  });

  test("the reason is told", async () => {
    const { text } = await exchange(url, [post(["Host: a", "Host: b", json, lengthOf(body)], body)]);
    expect(text).toContain('"code":"request_head_invalid"');
    expect(text).toContain("there are two headers host");
  });
});

test("what honest clients send is taken: chunked, HTTP/1.0, a hundred headers, one request behind another", async () => {
  const before = stored;
  const send = (bytes: string) => exchange(url, [bytes], { isDone: whole });
  const bodies = Array.from({ length: 5 }, eventText) as [string, string, string, string, string];
  const [a, b, c, d, e] = bodies;
  expect((await send(post(["Host: a", json, "Transfer-Encoding: Chunked"], chunked(a)))).statuses).toEqual([202]);
  expect((await send(post([json, lengthOf(b)], b, "/v1/events", "1.0"))).statuses).toEqual([202]);
  const many = ["Host: a", ...Array<string>(97).fill("X-A: b"), json, lengthOf(c)];
  expect((await send(post(many, c))).statuses).toEqual([202]);
  const two = [d, e].map((text) => post(["Host: a", json, lengthOf(text)], text)).join("");
  const { statuses } = await exchange(url, [two], { isDone: (text) => text.split("schema_id").length === 3 });
  expect(statuses).toEqual([202, 202]);
  expect(stored).toBe(before + 5);
});

test("a head that is too large is answered 431", async () => {
  const bytes = post(["Host: a", `X-A: ${"b".repeat(17_000)}`], "");
  const answer = await exchange(url, [bytes]);
  expect(answer).toMatchObject({ statuses: [431], closed: true });
  expect(problemIn(answer.text)).toMatchObject({ status: 431, code: "request_head_too_large" });
});

test("what is no HTTP is answered 400, with what is wrong", async () => {
  const answer = await exchange(url, ["POST /v1/events HTTP/1.1\r\nHost a\r\n\r\n"]);
  expect(answer).toMatchObject({ statuses: [400], closed: true });
  expect(problemIn(answer.text)).toMatchObject({
    ...{ status: 400, code: "request_malformed", docs: expect.stringContaining("request_malformed") },
    fields: { problem: expect.stringContaining("header") },
  });
});

describe("slow clients", () => {
  test("the time-outs of the options act within 15 seconds, looked for twice a second", () => {
    const { headersTimeoutMs, requestTimeoutMs } = readOptions(ingestOptions, {
      flags: { "ingest-allow-anonymous": "true" },
    });
    expect(Math.max(headersTimeoutMs, requestTimeoutMs) + 500).toBeLessThan(15_000);
  });

  test("are cut off wherever they are slow", async () => {
    const ingest = await open({ "ingest-headers-timeout-ms": "400", "ingest-request-timeout-ms": "800" });
    const send = (pieces: readonly string[]) => exchange(ingest.url, pieces, { everyMs: 50 });
    const text = eventText();
    const [silent, slowHead, slowBody, noBody, slowChunks] = await Promise.all([
      send([]),
      send([..."GET / HTTP/1.1\r\n", ...Array<string>(100).fill("X-A: b\r\n")]),
      send([post(["Host: a", json, "Content-Length: 1000"], ""), ...text]),
      send([post(["Host: a", json, "Content-Length: 1000"], "")]),
      send([post(["Host: a", json, "Transfer-Encoding: chunked"], ""), ...Array<string>(100).fill("1\r\n \r\n")]),
    ]);
    for (const cut of [silent, slowHead]) {
      expect(cut).toMatchObject({ statuses: [408], closed: true });
      expect(problemIn(cut.text)).toMatchObject({ status: 408, code: "request_too_slow" });
    }
    for (const cut of [slowBody, noBody, slowChunks]) {
      expect(cut).toMatchObject({ statuses: [408], closed: true });
      expect(cut.ms).toBeGreaterThan(750);
    }
    const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
    expect(metrics).toContain('hailstream_http_refused_total{reason="timeout"} 5');
  });

  test("do not hold what others need: announced bytes take no place", async () => {
    const ingest = await open({ "ingest-max-in-flight-bytes": String(1024 * 1024) });
    const slow = Array.from({ length: 20 }, () =>
      exchange(ingest.url, [post(["Host: a", json, "Content-Length: 900000"], "[")], { timeoutMs: 600 }),
    );
    const response = await fetch(`${ingest.url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `[${Array.from({ length: 900 }, eventText).join(",")}]`,
    });
    expect(response.status).toBe(202);
    await Promise.all(slow);
  });

  test("more connections than allowed are closed at once", async () => {
    const ingest = await open({
      "ingest-max-connections": "3",
      "ingest-request-timeout-ms": "60000",
      "ingest-headers-timeout-ms": "60000",
    });
    const { hostname, port } = new URL(ingest.url);
    const held = Array.from({ length: 3 }, () => connect(Number(port), hostname));
    try {
      for (const socket of held) await once(socket, "connect");
      const live = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n";
      expect(await exchange(ingest.url, [live], { isDone: whole })).toMatchObject({ statuses: [], closed: true });
    } finally {
      for (const socket of held) socket.destroy();
    }
  });
});

describe("keys and numbers that poison", () => {
  const judge = async (changes: string) => {
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: eventText().replace('"latitude":40.7128', changes),
    });
    const { results } = (await response.json()) as {
      results: readonly { status: string; code: string; pointer: string }[];
    };
    return results[0];
  };
  test.each([
    ['"__proto__":{"latitude":1}', "event_key_forbidden", "/data/__proto__"],
    ['"x":[{"y":{"constructor":1}}]', "event_key_forbidden", "/data/x/0/y/constructor"],
    ['"x":{"prototype":null}', "event_key_forbidden", "/data/x/prototype"],
    ['"\\u005f_proto__":1', "event_key_forbidden", "/data/__proto__"],
    ['"latitude":1e999', "event_number_not_finite", "/data/latitude"],
    ['"latitude":-1e999', "event_number_not_finite", "/data/latitude"],
  ])("%s", async (changes, code, pointer) => {
    expect(await judge(changes)).toMatchObject({ status: "rejected", code, pointer });
  });

  test.each(["NaN", "Infinity", "-Infinity", "0x10", "01"])("%s is no JSON", async (literal) => {
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: eventText().replace("40.7128", literal),
    });
    expect(response.status).toBe(400);
  });
});

test.each(["/errors/%zz", "/errors/%ff", "/%", "/docs/%e0%a4%a"])(
  "a path that cannot be decoded is unknown: %s",
  async (path) => {
    const bytes = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { statuses, text } = await exchange(url, [bytes], { isDone: whole });
    expect(statuses).toEqual([404]);
    expect(text).toContain("request_path_unknown");
  },
);

test.each([
  ["brackets within brackets", "[".repeat(1_000_000)],
  ["many small items", `[${"{},".repeat(500_000)}{}]`],
  ["many keys", `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(",")}}`],
])("a body of %s is refused before it is parsed", async (_name, body) => {
  const response = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: "request_too_many_items", fields: { limit: 50_000 } });
});

test("a client that is still sending a large body sees why it is refused, and may send the next request", async () => {
  const large = "x".repeat(4 * 1024 * 1024);
  const next = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n";
  const early = post(["Host: a", "Content-Type: text/plain", lengthOf(large)], large);
  for (let i = 0; i < 3; i++) {
    const answers = exchange(url, [early, next], { isDone: (text) => text.endsWith('{"status":"live"}') });
    expect(await answers).toMatchObject({ statuses: [415, 200], closed: false });
  }
  const endless = "x".repeat(24 * 1024 * 1024);
  const cut = await exchange(url, [post(["Host: a", "Content-Type: text/plain", lengthOf(endless)], endless), next]);
  expect(cut).toMatchObject({ statuses: [415], closed: true });
});

test("every answer says that it is not to be guessed at, kept or shown", async () => {
  const answers = await Promise.all([
    fetch(`${url}/v1/events`, { method: "POST", body: eventText(), headers: { "content-type": "application/json" } }),
    fetch(`${url}/v1/events`, { method: "POST", body: "x", headers: { "content-type": "text/plain" } }),
    fetch(`${url}/live`),
    fetch(`${url}/errors`),
    fetch(`${url}/nowhere`),
  ]);
  for (const { headers } of answers) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("server")).toBeNull();
  }
});

describe("TLS", () => {
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "hailstream-tls-"));
    const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
    const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
    execFileSync("openssl", [...made, "-subj", "/CN=localhost", ...files], { stdio: "ignore" });
  });
  afterAll(() => rm(dir, { recursive: true }));

  const get = (address: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(address, { method: "POST", rejectUnauthorized: false, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end(eventText());
    });
  const files = () => ({
    "ingest-tls-cert-file": join(dir, "cert.pem"),
    "ingest-tls-key-file": join(dir, "key.pem"),
  });

  test("with a certificate the server speaks HTTPS only", async () => {
    const ingest = await open({ ...files(), "ingest-require-https": "true" });
    expect(ingest.url).toMatch(/^https:/);
    expect(await get(`${ingest.url}/v1/events`, { "content-type": "application/json" })).toBe(202);
    expect((await exchange(ingest.url, [post(["Host: a"], "")])).text).not.toContain("202");
  });

  test("files that are none are named at the start", async () => {
    const flags = { ...files(), "ingest-tls-key-file": join(dir, "cert.pem") };
    await expect(open(flags)).rejects.toMatchObject({ code: "tls_files_unusable" });
  });

  test("a server that wants HTTPS believes it only of a trusted proxy", async () => {
    const ask = async (flags: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>) => {
      const ingest = await open({ "ingest-require-https": "true", ...flags });
      const { status } = await fetch(`${ingest.url}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: eventText(),
      });
      expect((await fetch(`${ingest.url}/live`)).status).toBe(200);
      expect((await fetch(`${ingest.url}/openapi.json`, { headers })).status).toBe(status === 202 ? 200 : status);
      return status;
    };
    const https = { "x-forwarded-proto": "https" };
    expect(await ask({}, https)).toBe(400);
    expect(await ask({ "ingest-trusted-proxies": "10.0.0.0/8" }, https)).toBe(400);
    expect(await ask({ "ingest-trusted-proxies": "10.0.0.0/8, loopback" }, https)).toBe(202);
    expect(await ask({ "ingest-trusted-proxies": "loopback" }, { "x-forwarded-proto": "http" })).toBe(400);
    const forwarded = { "ingest-trusted-proxies": "loopback", "ingest-forwarded-header": "forwarded" };
    expect(await ask(forwarded, https)).toBe(400);
    expect(await ask(forwarded, { forwarded: "for=192.0.2.1;proto=https" })).toBe(202);
  });
});

/** The body of the one answer in a text, and that its length is what the head says. */
function problemIn(text: string): unknown {
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head).toMatch(/content-type: application\/problem\+json/i);
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  return JSON.parse(body);
}
