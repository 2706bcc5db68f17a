import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inflateBody, readBody } from "../../../ingest/formats/read-body.ts";

const limit = 10_000;
let outcomes: Promise<Buffer>[] = [];
const server = createServer((request: IncomingMessage, response) => {
  const body = readBody(request, limit);
  outcomes.push(body);
  body.then(
    (bytes) => response.end(String(bytes.length)),
    () => response.writeHead(413).end(),
  );
});
let url = "";

beforeEach(async () => {
  outcomes = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const post = async (body: string | ReadableStream) => {
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
};

test("a body up to the limit is read whole, however it is cut", async () => {
  expect(await post("x".repeat(limit))).toEqual({ status: 200, text: String(limit) });
  const pieces = ReadableStream.from(["a", "bc", "def"].map((piece) => Buffer.from(piece)));
  expect(await post(pieces)).toEqual({ status: 200, text: "6" });
  expect((await outcomes[1])?.toString()).toBe("abcdef");
  expect(await post("")).toEqual({ status: 200, text: "0" });
});

test("a larger one is refused, with and without an announced length", async () => {
  expect((await post("x".repeat(limit + 1))).status).toBe(413);
  const pieces = ReadableStream.from(Array.from({ length: 20 }, () => Buffer.alloc(1_000)));
  expect((await post(pieces)).status).toBe(413);
  await expect(outcomes[0]).rejects.toMatchObject({ code: "request_body_too_large", fields: { limit } });
});

test("a client that goes away in the middle is an aborted request", async () => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  await once(server, "request");
  socket.destroy();
  await expect(outcomes[0]).rejects.toMatchObject({ code: "request_aborted" });
});

test("gzip is inflated up to the limit and no further", async () => {
  expect((await inflateBody(gzipSync("hello"), limit)).toString()).toBe("hello");
  expect(await inflateBody(gzipSync(Buffer.alloc(limit)), limit)).toHaveLength(limit);
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  await expect(inflateBody(bomb, limit)).rejects.toMatchObject({ code: "request_inflated_too_large" });
  await expect(inflateBody(Buffer.from("no gzip"), limit)).rejects.toMatchObject({ code: "request_gzip_invalid" });
  await expect(inflateBody(gzipSync("hello").subarray(0, 15), limit)).rejects.toMatchObject({
    code: "request_gzip_invalid",
  });
});
