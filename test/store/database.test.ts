import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { createMetrics, PipelineError, silentLogger } from "../../runtime/index.ts";
import { createDatabase } from "../../store/index.ts";

test("nothing is asked of a database that was not started: nobody would close the connection", async () => {
  const db = createDatabase({
    name: "test",
    url: "postgres://127.0.0.1:9/nowhere",
    log: silentLogger,
    metrics: createMetrics(),
  });
  await expect(db.query("select 1", [])).rejects.toThrow("before its start");
  await expect(db.transaction(async () => undefined)).rejects.toThrow("before its start");
  await db.stop();
});

test("a server that takes a connection and ends it in the same breath is unavailable, and no end of the process", async () => {
  // The postmaster has died between the greeting and the first statement.
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const fields = "SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0";
  const server = createServer((socket) => {
    const ready = [message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))];
    socket.once("data", () => socket.end(Buffer.concat([...ready, message("E", Buffer.from(fields))])));
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `postgres://someone:secret@127.0.0.1:${port}/any`;
  const db = createDatabase({ name: "test", url, log: silentLogger, metrics: createMetrics() });
  try {
    await expect(db.start(() => undefined)).rejects.toSatisfy((error) => PipelineError.is(error, "store_unavailable"));
  } finally {
    await db.stop();
    server.close();
  }
});
