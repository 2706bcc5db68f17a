import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { changed, changes } from "./changes.ts";
import type { FuzzInput, FuzzSeeds } from "./input.ts";

const types = [
  "application/json",
  "application/cloudevents+json",
  "application/cloudevents-batch+json",
  "application/x-ndjson",
] as const;

type Headers = Readonly<Record<string, string>>;

/** One request of HTTP, whatever its body holds. */
export function request(kind: string, target: string, headers: Headers, body: Uint8Array, method = "POST"): FuzzInput {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === "GET" ? "" : `content-length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nhost: a\r\n${lines.join("")}${length}\r\n`;
  return { kind, bytes: Buffer.concat([Buffer.from(head, "latin1"), body]), whole: true };
}

/** Header values that HTTP allows. */
export const word = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

/** What a request may say beside its body. */
const extras = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Headers>(
      { "sent-at": "2026-11-22T21:11:41Z" },
      { "sent-at": "99999999999999" },
      { prefer: "durability=replicated" },
      { prefer: "return=minimal" },
      { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
      { expect: "100-continue" },
      { "x-forwarded-for": "::ffff:1.2.3.4, 5.6.7.8" },
    ),
  },
  { weight: 1, arbitrary: word.map((text): Headers => ({ "sent-at": text, prefer: text, traceparent: text })) },
);

/** Events as JSON and as lines. */
export function jsonRequest({ key }: FuzzSeeds, body: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzInput> {
  const type = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<string>(...types) },
    { weight: 1, arbitrary: word.map((text) => `application/${text}`) },
  );
  return fc
    .tuple(body, type, extras)
    .map(([bytes, name, more]) =>
      request("json", "/v1/events", { authorization: `Bearer ${key}`, "content-type": name, ...more }, bytes),
    );
}

/** Bodies that are gzip, or should be. */
export function gzipRequest({ key, events }: FuzzSeeds): fc.Arbitrary<FuzzInput> {
  const packed = events.slice(0, 60).flatMap((text, i) => [
    gzipSync(text),
    gzipSync(`[${text},${text}]`, { level: (i % 10) as 0 }),
    gzipSync(`${text}\n`.repeat(i)),
    // Members that are joined, and nothing at all.
    Buffer.concat([gzipSync(text.slice(0, 40)), gzipSync(text.slice(40))]),
    Buffer.concat([gzipSync(text), gzipSync("")]),
  ]);
  const bombs = [1, 16, 64].map((mebibytes) => gzipSync(Buffer.alloc(mebibytes * 1024 * 1024, " "), { level: 9 }));
  const bytes = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...packed) },
    { weight: 120, arbitrary: fc.tuple(fc.constantFrom(...packed), changes).map(([it, list]) => changed(it, list)) },
    { weight: 1, arbitrary: fc.constantFrom(...bombs) },
    { weight: 10, arbitrary: fc.uint8Array({ maxLength: 100 }).map((it) => Buffer.from([0x1f, 0x8b, 8, ...it])) },
  );
  const encoding = fc.oneof(
    { weight: 9, arbitrary: fc.constant("gzip") },
    { weight: 1, arbitrary: fc.constantFrom("x-gzip", "identity", "br", "gzip, gzip", "deflate", "GZIP") },
  );
  return fc
    .tuple(bytes, encoding, fc.constantFrom(...types))
    .map(([body, name, type]) =>
      request(
        "gzip",
        "/v1/events",
        { authorization: `Bearer ${key}`, "content-type": type, "content-encoding": name },
        body,
      ),
    );
}

/** Avro in Confluent framing, by itself and within JSON. */
export function avroRequest({ key, avro }: FuzzSeeds): fc.Arbitrary<FuzzInput> {
  const framed = fc.tuple(fc.constantFrom(...avro), changes, fc.nat(20)).map(([{ type, bytes }, list, kind]) => {
    const body = changed(bytes, kind === 0 ? [] : list);
    // Another schema than its own, which is there or not.
    if (kind === 1 && body.length >= 5) body.writeInt32BE(body.readUInt8(4) % 60, 1);
    return { type, body };
  });
  return fc.tuple(framed, fc.nat(2 ** 40), fc.nat(3), word).map(([{ type, body }, serial, way, text]) => {
    const id = `fuzz-avro-${serial}`;
    const event = { specversion: "1.0", id, type, source: "/fuzz", time: "2026-11-22T21:11:41.123Z" };
    const authorization = `Bearer ${key}`;
    if (way === 0) {
      const inline = { ...event, datacontenttype: "application/avro", data_base64: body.toString("base64") };
      const json = Buffer.from(JSON.stringify([inline, inline]));
      return request("avro in json", "/v1/events", { authorization, "content-type": "application/json" }, json);
    }
    const attributes = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
    const odd: Headers = way === 1 ? { "ce-subject": text, "ce-time": `%${text}`, "ce-id": `"${text}` } : {};
    const headers = { authorization, "content-type": "application/avro", ...attributes, ...odd };
    return request("avro", "/v1/events", headers, body);
  });
}

/** The other doors: Segment's, tokens, pages, and senders who are none. */
export function otherRequest({ key, token }: FuzzSeeds, body: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzInput> {
  const json: Headers = { "content-type": "application/json" };
  const basic = `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
  const call = fc.constantFrom("batch", "track", "identify", "page", "b", "t");
  const segment = fc.tuple(call, body, fc.constantFrom(basic, undefined)).map(([path, inner, authorization]) => {
    const open = Buffer.from(
      path.startsWith("b") ? '{"batch":[' : `{"writeKey":"${key}","event":"Trip Requested","properties":`,
    );
    const bytes = Buffer.concat([open, inner, Buffer.from(path.startsWith("b") ? "]}" : "}")]);
    return request("segment", `/v1/${path}`, authorization === undefined ? json : { ...json, authorization }, bytes);
  });
  const spoiltToken = fc.tuple(changes, fc.boolean()).map(([list, whole]) =>
    whole
      ? token
      : changed(Buffer.from(token), list)
          .toString("latin1")
          .replace(/[^\x21-\x7e]/g, ""),
  );
  const device = fc
    .tuple(spoiltToken, body)
    .map(([text, bytes]) => request("device", "/v1/events", { ...json, authorization: `Bearer ${text}` }, bytes));
  const stranger = fc
    .tuple(word, body)
    .map(([text, bytes]) => request("stranger", "/v1/events", { ...json, authorization: text }, bytes));
  const wish = fc
    .tuple(body, fc.constantFrom(`Bearer ${key}`, `Bearer ${token}`))
    .map(([bytes, authorization]) => request("token wish", "/v1/device-tokens", { ...json, authorization }, bytes));
  const page = fc
    .tuple(
      fc.constantFrom("/errors/", "/docs/", "/", "/v1/", "/errors?x=", "/live?"),
      word,
      fc.constantFrom("GET", "DELETE", "PUT"),
    )
    .map(([path, text, method]) => request("page", path + text.replaceAll(/[#]/g, ""), {}, Buffer.alloc(0), method));
  return fc.oneof(
    { weight: 4, arbitrary: segment },
    { weight: 2, arbitrary: device },
    { weight: 1, arbitrary: stranger },
    { weight: 1, arbitrary: wish },
    { weight: 2, arbitrary: page },
  );
}
