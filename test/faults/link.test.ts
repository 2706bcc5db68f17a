import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/wait.ts";
import { type Link, openLink } from "./link.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A server that says everything back, behind a link, and a client of it. */
async function open() {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket
      .on("error", () => undefined)
      .on("data", (bytes: Buffer) => {
        heard.push(bytes.toString());
        socket.write(bytes);
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const link = await openLink((server.address() as AddressInfo).port);
  cleanups.push(async () => {
    await link.stop();
    server.close();
  });
  return { link, heard, connect: () => connect(link) };
}

async function connect(link: Link) {
  const socket: Socket = dial(link.port, "127.0.0.1");
  const answers: string[] = [];
  let ended = false;
  socket
    .on("error", () => undefined)
    .on("close", () => {
      ended = true;
    });
  socket.on("data", (bytes: Buffer) => answers.push(bytes.toString()));
  await once(socket, "connect");
  return { socket, answers, hasEnded: () => ended };
}

test("a link that is well carries both ways, and the end", async () => {
  const { connect, heard } = await open();
  const { socket, answers } = await connect();
  socket.write("a");
  await eventually(() => expect(answers).toEqual(["a"]));
  expect(heard).toEqual(["a"]);
});

test("a delay comes once for pieces that were sent at the same time", async () => {
  const { link, connect } = await open();
  const { socket, answers } = await connect();
  link.set({ kind: "delay", ms: 150 });
  const began = performance.now();
  // A turn of the event loop between them, so that they come one by one. One delay behind the other would take longer than is waited.
  const pieces = "0123456789".repeat(20);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => expect(answers.join("")).toBe(pieces), { timeoutMs: 25_000 });
  expect(performance.now() - began).toBeGreaterThanOrEqual(290);
});

test("a throttle bounds the bytes a second", async () => {
  const { link, connect, heard } = await open();
  const { socket } = await connect();
  link.set({ kind: "throttle", bytesPerSecond: 10_000 });
  const began = performance.now();
  socket.write("x".repeat(3_000));
  await eventually(() => expect(heard.join("")).toHaveLength(3_000));
  expect(performance.now() - began).toBeGreaterThanOrEqual(290);
});

test("what a stalled link was given arrives when it is well again, though the sender has hung up", async () => {
  const { link, connect, heard } = await open();
  const { socket } = await connect();
  link.set({ kind: "stall", directions: ["up", "down"] });
  socket.write("late");
  socket.end();
  await once(socket, "finish");
  const { socket: other, answers } = await connect();
  other.write("also late");
  expect(heard).toEqual([]);
  link.set(undefined);
  await eventually(() => expect([...heard].sort()).toEqual(["also late", "late"]));
  await eventually(() => expect(answers).toEqual(["also late"]));
});

test("one way: the request arrives and the answer does not", async () => {
  const { link, connect, heard } = await open();
  const { socket, answers } = await connect();
  link.set({ kind: "stall", directions: ["down"] });
  socket.write("a");
  await eventually(() => expect(heard).toEqual(["a"]));
  expect(answers).toEqual([]);
  link.set(undefined);
  await eventually(() => expect(answers).toEqual(["a"]));
});

test("a held piece comes later, with those behind it, once", async () => {
  const { link, connect, heard } = await open();
  const { socket } = await connect();
  const hold = { kind: "hold", direction: "up", ms: 500 } as { kind: "hold"; direction: "up"; ms: number };
  link.set(hold);
  const began = performance.now();
  socket.write("a");
  await eventually(() => expect(heard).toEqual(["a"]));
  expect(performance.now() - began).toBeGreaterThanOrEqual(490);
  // Held too, it would not come in time.
  hold.ms = 1_000_000;
  socket.write("b");
  await eventually(() => expect(heard).toEqual(["a", "b"]));
});

test("a link that refuses cuts what stands and takes nobody", async () => {
  const { link, connect } = await open();
  const { hasEnded } = await connect();
  link.set({ kind: "refuse" });
  await eventually(() => expect(hasEnded()).toBe(true));
  const late = await connect();
  await eventually(() => expect(late.hasEnded()).toBe(true));
  link.set(undefined);
  const { socket, answers } = await connect();
  socket.write("a");
  await eventually(() => expect(answers).toEqual(["a"]));
});
