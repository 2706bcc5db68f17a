/**
 * Receives alerts: verifies every delivery by the official library of Standard Webhooks, recognises repetitions, answers at once.
 *
 *     WEBHOOK_SECRET=whsec_… node receiver.ts [PORT]
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { Webhook } from "standardwebhooks";

export type Alert = {
  readonly id: string;
  readonly time: string;
  readonly data: {
    readonly summary: string;
    readonly severity: string;
    readonly status: string;
    readonly rule: string;
  };
};

const maxBodyBytes = 64 * 1024;

/** Gives each alert to `onAlert` once, although it may be delivered several times. */
export function createReceiver(secret: string, onAlert: (alert: Alert, webhookId: string) => void): Server {
  const webhook = new Webhook(secret);
  // A real receiver keeps the ids where they survive a restart, for as long as deliveries are repeated (two days).
  const seen = new Set<string>();

  return createServer(async (request, response) => {
    const end = (status: number) => response.writeHead(status).end();
    const body = await readBody(request);
    if (body === undefined) return end(413);
    let alert: Alert;
    try {
      // The signature covers the bytes as they came: verify before parsing, never the parsed body written out again.
      alert = webhook.verify(body, request.headers as Record<string, string>) as Alert;
    } catch {
      return end(401);
    }
    const id = String(request.headers["webhook-id"]);
    if (!seen.has(id)) {
      seen.add(id);
      onAlert(alert, id);
    }
    // Any 2xx within 15 seconds ends the delivery; long work belongs into a queue.
    end(204);
  });
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

if (import.meta.main) {
  const secret = process.env.WEBHOOK_SECRET;
  if (secret === undefined)
    throw new Error("Set WEBHOOK_SECRET to the secret that `hailstream endpoints create` showed.");
  const port = Number(process.argv[2] ?? 9999);
  createReceiver(secret, ({ time, data }) => {
    process.stdout.write(`${time}  ${data.severity}  ${data.status}  ${data.summary}\n`);
  }).listen(port, "127.0.0.1", () => process.stdout.write(`waiting for alerts on http://127.0.0.1:${port}\n`));
}
