import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export type Receivers = {
  /** Where receiver number `i` listens. */
  url(i: number): string;
  /** Where a receiver listens that takes every message and never answers. */
  readonly deadUrl: string;
  /** The secret that receiver number `i` verifies by. */
  setSecret(i: number, secret: string): void;
  /** Called with each message that verified: which receiver, the id of the event behind the alert, and when it had come. */
  onAlert: (receiver: number, eventId: string, at: number) => void;
  /** Messages that did not verify. */
  refused(): number;
  stop(): Promise<void>;
};

/** Receivers on one port, told apart by their paths, that verify each message by the official library; and a dead one. */
export async function startReceivers(): Promise<Receivers> {
  const verifiers = new Map<number, Webhook>();
  let refused = 0;
  const well = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const at = performance.now();
    const receiver = Number(request.url?.slice(1));
    try {
      const headers = request.headers as Record<string, string>;
      const alert = verifiers.get(receiver)?.verify(Buffer.concat(chunks), headers) as { data: { event_id: string } };
      receivers.onAlert(receiver, alert.data.event_id, at);
      response.writeHead(204).end();
    } catch {
      refused++;
      response.writeHead(401).end();
    }
  });
  const dead = createServer((request) => void request.resume());
  for (const server of [well, dead]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 511, resolve));
  }
  const portOf = (server: typeof well) => (server.address() as AddressInfo).port;
  const receivers: Receivers = {
    url: (i) => `http://127.0.0.1:${portOf(well)}/${i}`,
    deadUrl: `http://127.0.0.1:${portOf(dead)}/`,
    setSecret: (i, secret) => void verifiers.set(i, new Webhook(secret)),
    onAlert: () => undefined,
    refused: () => refused,
    async stop() {
      for (const server of [well, dead]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return receivers;
}
