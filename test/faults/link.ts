import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Direction = "up" | "down";

/**
 * What is wrong with a network. As TCP has it, nothing that was sent is lost while a connection stands: what a stalled link does not carry now it
 * carries when it is well again, also when the sender has hung up meanwhile.
 */
export type Toxic =
  /** Every piece comes so much later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** No more than so many bytes a second in each direction of each connection. */
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** Connections stand, and nothing passes: both directions are half open, one is a one-way network. */
  | { readonly kind: "stall"; readonly directions: readonly Direction[] }
  /** Each connection holds its next piece back for so long, and all behind it: a request arrives when nobody waits for its answer any more. */
  | { readonly kind: "hold"; readonly direction: Direction; readonly ms: number }
  /** Connections are cut and none is made. */
  | { readonly kind: "refuse" };

/** A network in front of one server, which can be made ill. */
export type Link = {
  readonly port: number;
  /** Makes all connections ill from now on, those that stand and those to come; undefined makes them well. */
  set(toxic: Toxic | undefined): void;
  /** Ends the connections that stand. */
  cut(): void;
  stop(): Promise<void>;
};

/** Above this a sender has to wait. */
const maxWaiting = 1_048_576;

/** Opens a link to a port of this machine, which need not answer yet. */
export async function openLink(target: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let toxic: Toxic | undefined;
  let changed = Promise.withResolvers<void>();

  const server = createServer((client) => {
    if (toxic?.kind === "refuse") return void client.destroy();
    const upstream = dial(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    }
    carry(client, upstream, "up");
    carry(upstream, client, "down");
  });

  /** Pieces, and the end behind them, in their order. */
  function carry(from: Socket, to: Socket, direction: Direction): void {
    let way = Promise.resolve();
    let waiting = 0;
    let heldFor: Toxic | undefined;
    from.on("data", (piece: Buffer) => {
      const cameAt = performance.now();
      waiting += piece.length;
      if (waiting > maxWaiting) from.pause();
      way = way.then(async () => {
        if (toxic?.kind === "hold" && toxic.direction === direction && heldFor !== toxic) {
          heldFor = toxic;
          await sleep(toxic.ms);
        }
        await pass(piece.length, direction, cameAt);
        // Who has hung up hears nothing any more.
        if (to.writable && !to.write(piece)) await heard(to);
        waiting -= piece.length;
        if (waiting <= maxWaiting && !from.destroyed) from.resume();
      });
    });
    from.on("close", () => {
      const cameAt = performance.now();
      way = way.then(async () => {
        // The other side does not hear of the end either.
        await pass(0, direction, cameAt);
        to.destroy();
      });
    });
  }

  async function pass(bytes: number, direction: Direction, cameAt: number): Promise<void> {
    while (toxic?.kind === "stall" && toxic.directions.includes(direction)) await changed.promise;
    if (toxic?.kind === "delay") await sleep(Math.max(0, cameAt + toxic.ms - performance.now()));
    if (toxic?.kind === "throttle") await sleep((bytes * 1_000) / toxic.bytesPerSecond);
  }

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const set = (next: Toxic | undefined) => {
    toxic = next;
    if (next?.kind === "refuse") cut();
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  return {
    port: (server.address() as AddressInfo).port,
    set,
    cut,
    async stop() {
      set(undefined);
      server.close();
      cut();
      await once(server, "close");
    },
  };
}

/** Until a socket takes more, or has ended. */
async function heard(socket: Socket): Promise<void> {
  await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
}
