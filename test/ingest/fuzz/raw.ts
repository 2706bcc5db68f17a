import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { changed, changes } from "./changes.ts";
import type { FuzzInput, FuzzSeeds } from "./input.ts";
import { request, word } from "./requests.ts";

/** Bytes that are hardly HTTP. */
export function raw(kind: string, bytes: Uint8Array): FuzzInput {
  return { kind, bytes: Buffer.from(bytes), whole: false };
}

/** A good request of any kind with some of its bytes changed. */
export function rawMutated({ key, events, avro }: FuzzSeeds): fc.Arbitrary<FuzzInput> {
  const authorization = `Bearer ${key}`;
  const event = events[0] ?? "";
  const json = { authorization, "content-type": "application/json" };
  const one = request("", "/v1/events", json, Buffer.from(event)).bytes;
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)};a=b\r\n${text}\r\n`;
  const chunked = Buffer.from(
    `POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Type: application/x-ndjson\r\n` +
      `Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n${chunk(`${event}\n`)}${chunk("7\n")}0\r\nX: y\r\n\r\n`,
  );
  const segment = request("", "/v1/t", json, Buffer.from('{"event":"Trip Requested","properties":{}}')).bytes;
  const good = [
    one,
    chunked,
    segment,
    request("", "/v1/events", { ...json, "content-encoding": "gzip" }, gzipSync(event)).bytes,
    request(
      "",
      "/v1/events",
      { authorization, "content-type": "application/avro", "ce-id": "a" },
      avro[0]?.bytes ?? one,
    ).bytes,
    request("", "/errors", {}, Buffer.alloc(0), "GET").bytes,
    // One behind the other.
    Buffer.concat([one, segment, one]),
  ];
  return fc.tuple(fc.constantFrom(...good), changes).map(([bytes, list]) => raw("raw mutated", changed(bytes, list)));
}

/** Requests put together of parts of which each may be wrong. */
export function rawGrammar({ key, events }: FuzzSeeds): fc.Arbitrary<FuzzInput> {
  const method = fc.constantFrom(
    "POST",
    "POST",
    "GET",
    "HEAD",
    "PRI",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "post",
    "",
    "M-SEARCH",
    "\0",
  );
  const target = fc.oneof(
    fc.constantFrom(
      "/v1/events",
      "/v1/events",
      "*",
      "http://a/v1/events",
      "//a",
      "a:1",
      "/%00",
      "/v1/events?a=%zz",
      "",
      "/\t",
      "/\u00e9",
    ),
    word.map((text) => `/${text}`),
  );
  const version = fc.constantFrom(
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/1.1 ",
    "http/1.1",
    "",
  );
  const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "");
  const name = fc.constantFrom(
    ...["Host", "Host", "Content-Length", "Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding"],
    ...[
      "Authorization",
      "Connection",
      "Upgrade",
      "Expect",
      "Trailer",
      "Keep-Alive",
      "TE",
      "ce-id",
      "ce-specversion",
      "X\0",
      "Content-Length ",
    ],
  );
  const value = fc.oneof(
    fc.constantFrom(
      ...[
        "a",
        "0",
        "5",
        "-1",
        "+5",
        "0x10",
        "99999999999999999999",
        "5, 5",
        "chunked",
        "Chunked",
        "gzip, chunked",
        "identity",
      ],
      ...[
        "application/json",
        "application/x-ndjson",
        "gzip",
        `Bearer ${key}`,
        "close",
        "keep-alive",
        "h2c",
        "websocket",
        "100-continue",
      ],
      ...["", " ", "\t", "a\0b", "\x7f", "x".repeat(9_000)],
    ),
    word,
  );
  const header = fc.tuple(name, fc.constantFrom(": ", ": ", ": ", ":", " : ", ""), value, end).map((it) => it.join(""));
  const body = fc.oneof(
    fc.constantFrom(
      "",
      "5\r\nhello\r\n0\r\n\r\n",
      "0\r\n\r\n",
      "ffffffffffffffff\r\n",
      "-5\r\n",
      "5;a\r\nhello",
      "\r\n\r\n",
      events[0] ?? "",
    ),
    word,
  );
  return fc
    .tuple(method, target, version, end, fc.array(header, { maxLength: 8 }), body, fc.constantFrom(1, 1, 1, 2, 3))
    .map(([verb, where, which, newline, headers, text, times]) =>
      raw(
        "raw grammar",
        Buffer.from(`${verb} ${where} ${which}${newline}${headers.join("")}\r\n${text}`.repeat(times), "latin1"),
      ),
    );
}
