import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createHttpClient } from "../../apps/index.ts";
import { postAgain } from "../../commands/quarantine-post.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Reply = { readonly status: number; readonly body: unknown; readonly retryAfter?: string };

/** The other side of the wire: it answers each request as `reply` says. */
async function openDoor(reply: (ids: readonly string[], request: number) => Reply) {
  const seen: { ids: readonly string[]; prefer: string | undefined; text: string }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const ids = (JSON.parse(text) as { id: string }[]).map(({ id }) => id);
      seen.push({ ids, prefer: request.headers.prefer as string | undefined, text });
      const { status, body, retryAfter } = reply(ids, seen.length);
      response
        .writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter })
        .end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const client = createHttpClient({
    url,
    apiKey: "k",
    connections: 1,
    timeoutMs: 60_000,
    headers: { prefer: "handling=strict" },
  });
  closers.push(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, seen };
}

const never = new AbortController().signal;
const events = (...ids: string[]) => ids.map((id) => Buffer.from(`{ "id" : "${id}" }`));
const results = (ids: readonly string[], status: (id: string) => string) => ({
  results: ids.map((id) => ({ id, status: status(id) })),
});

test("each event goes as its bytes, and only those that are to come again go again", async () => {
  const door = await openDoor((ids, request) => ({
    status: request === 1 ? 503 : 202,
    body: results(ids, (id) => (request === 1 && id !== "a" ? "retry" : "accepted")),
    retryAfter: "0",
  }));
  let extended = 0;
  const onAgain = async () => {
    extended += 1;
  };
  const answers = await postAgain(events("a", "b", "c"), {
    client: door.client,
    random: () => 0,
    quit: never,
    cut: never,
    onAgain,
  });
  expect(answers.map((answer) => answer?.status)).toEqual(["accepted", "accepted", "accepted"]);
  expect(answers[1]?.answer).toEqual({ id: "b", status: "accepted" });
  expect(door.seen.map(({ ids }) => ids)).toEqual([
    ["a", "b", "c"],
    ["b", "c"],
  ]);
  expect(door.seen[0]?.text).toBe('[{ "id" : "a" },{ "id" : "b" },{ "id" : "c" }]');
  expect(door.seen[0]?.prefer).toBe("handling=strict");
  expect(extended).toBe(1);
});

test("a door that is busy is given up after some tries, without its having been told anything else", async () => {
  const door = await openDoor(() => ({ status: 503, body: { code: "request_overloaded" }, retryAfter: "0" }));
  const answers = await postAgain(events("a"), {
    client: door.client,
    random: () => 0,
    quit: never,
    cut: never,
    onAgain: async () => undefined,
  });
  expect(answers).toEqual([{ status: "retry", code: "request_overloaded", answer: null }]);
  expect(door.seen).toHaveLength(6);
});

test("a request that is too large is halved, and the answers stay with their events", async () => {
  const door = await openDoor((ids) =>
    ids.length > 1
      ? { status: 413, body: { code: "request_body_too_large" } }
      : { status: 202, body: results(ids, () => `accepted`) },
  );
  const answers = await postAgain(events("a", "b", "c"), {
    client: door.client,
    random: () => 0,
    quit: never,
    cut: never,
    onAgain: async () => undefined,
  });
  expect(answers).toMatchObject([{ answer: { id: "a" } }, { answer: { id: "b" } }, { answer: { id: "c" } }]);
});

test("a door that refuses the request is an error with its own words", async () => {
  const door = await openDoor(() => ({
    status: 401,
    body: { code: "request_api_key_unknown", title: "The API key is not known." },
  }));
  const posted = postAgain(events("a"), {
    client: door.client,
    random: () => 0,
    quit: never,
    cut: never,
    onAgain: async () => undefined,
  });
  await expect(posted).rejects.toMatchObject({
    code: "apps_request_refused",
    message: expect.stringContaining("request_api_key_unknown"),
  });
});
