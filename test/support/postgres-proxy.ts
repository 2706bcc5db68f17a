import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";

/** Where a transaction that stores a batch can be held, in their order. */
export const flushPoints = ["advance", "copy", "rows", "copied", "upsert", "commit", "committed"] as const;
export type FlushPoint = (typeof flushPoints)[number];

export type PostgresProxy = {
  /** The address of the server, by way of the proxy. */
  through(url: string): string;
  /**
   * Resolves when a transaction has come to that point: what belongs there has not reached the server, or, for `committed`, its answer has not
   * reached the client. Nothing goes through that connection from then on.
   * @param where part of the text of the COPY or of the statement behind it, for a transaction that has one
   */
  holdAt(point: FlushPoint, where: string): Promise<{ cut(): void }>;
  stop(): Promise<void>;
};

type Wanted = { readonly point: FlushPoint; readonly where: string; resolve(held: { cut(): void }): void };

/** Stands between a client and Postgres, and reads what the client says (the frontend's half of the protocol, without TLS). */
export async function startPostgresProxy(target: string): Promise<PostgresProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let wanted: Wanted | undefined;

  const server = createServer((client) => {
    const upstream = dial(Number(port), hostname);
    let held = false;
    /** The COPY of the transaction under way. */
    let copies = "";
    let pending: Buffer = Buffer.alloc(0);
    let started = false;
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", cut).on("close", () => {
        sockets.delete(socket);
        // Held: the client is gone, but the server must not hear of it before the test wants.
        if (!held) cut();
      });
    }
    const hold = () => {
      held = true;
      wanted?.resolve({ cut });
      wanted = undefined;
    };
    upstream.on("data", (bytes: Buffer) => {
      if (held) return;
      if (wanted?.point === "committed" && copies.includes(wanted.where) && bytes.includes("COMMIT\0")) hold();
      else client.write(bytes);
    });
    client.on("data", (bytes: Buffer) => {
      if (held) return;
      pending = Buffer.concat([pending, bytes]);
      for (;;) {
        const head = started ? 1 : 0;
        if (pending.length < head + 4) return;
        const length = head + pending.readInt32BE(head);
        if (pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        if (started && comesTo(message)) return hold();
        started = true;
        upstream.write(message);
      }
    });

    function comesTo(message: Buffer): boolean {
      const type = String.fromCharCode(message[0] ?? 0);
      const text = type === "Q" || type === "P" ? message.toString("latin1", 5).replaceAll("\0", "") : "";
      if (text.startsWith("begin") || text === "rollback") copies = "";
      if (text.startsWith("copy ")) copies = text;
      if (wanted === undefined) return false;
      const { point, where } = wanted;
      if (point === "advance") return text.includes("update pipeline.checkpoints set next_offset");
      if (!copies.includes(where)) return false;
      if (point === "copy") return text.startsWith("copy ");
      if (point === "rows") return type === "d";
      if (point === "copied") return type === "c";
      if (point === "upsert") return text.startsWith("insert into");
      return point === "commit" && text === "commit";
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const own = (server.address() as AddressInfo).port;

  return {
    through(url) {
      const changed = new URL(url);
      changed.hostname = "127.0.0.1";
      changed.port = String(own);
      return changed.toString();
    },
    holdAt: (point, where) =>
      new Promise((resolve) => {
        wanted = { point, where, resolve };
      }),
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
