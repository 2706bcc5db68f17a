import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { History } from "../../audit/index.ts";

/** A receiver of webhooks that is never ill; it notes which call for help each post is about. */
export async function startReceiver() {
  const delivered: History["delivered"][number][] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { data } = JSON.parse(Buffer.concat(parts).toString()) as { data?: Readonly<Record<string, unknown>> };
      // Resolved is another message about the same, and there are other rules.
      if (data?.rule === "safety-sos" && data.status === "firing")
        delivered.push({ deliveryId: String(request.headers["webhook-id"]), eventId: String(data.event_id) });
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    delivered: delivered as readonly History["delivered"][number][],
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
