import { randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { inject } from "vitest";
import { createMetrics, type Service, silentLogger } from "../../../runtime/index.ts";
import { type Alert, alertOf } from "../../../sinks/webhook/alert.ts";
import { createEndpoint, type EndpointSettings } from "../../../sinks/webhook/endpoints.ts";
import { enqueue } from "../../../sinks/webhook/enqueue.ts";
import { createSender } from "../../../sinks/webhook/sender.ts";
import { createDatabase, type Database, migrate } from "../../../store/index.ts";
import { quickOptions } from "./quick-options.ts";

export { quickOptions };

const log = silentLogger;

export type FreshDatabase = {
  readonly url: string;
  /** As its owner. */
  readonly db: Database;
  /** As the role that senders have, which may do less. */
  readonly sink: Database;
  stop(): Promise<void>;
};

/** A database of the caller's own, with all migrations. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `webhook_${randomUUID().replaceAll("-", "")}`;
  const admin = open(inject("postgres"), 1);
  await admin.start(() => undefined);
  await admin.execute(`create database ${name}`);
  await admin.stop();
  const at = (base: string) => Object.assign(new URL(base), { pathname: `/${name}` }).href;
  const url = at(inject("postgres"));
  await migrate(url, log);
  const [db, sink] = [open(url, 4), open(at(inject("postgresSink")), 4)];
  await db.start(() => undefined);
  await sink.start(() => undefined);
  return {
    url,
    db,
    sink,
    async stop() {
      await db.stop();
      await sink.stop();
    },
  };
}

function open(url: string, max: number): Database {
  return createDatabase({ name: "test", url, log, metrics: createMetrics(), max });
}

/** What came to a receiver. */
export type Received = {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
  readonly at: number;
};

export type Behaviour = (
  response: ServerResponse,
  received: Received,
  nth: number,
  request: IncomingMessage,
) => unknown;

export type TestReceiver = {
  readonly url: string;
  readonly received: Received[];
  /** Requests of one id that were under way together; 1 when never two. */
  readonly mostTogether: () => number;
  stop(): Promise<void>;
};

/** A receiver that answers as it is told; `nth` counts the requests from 1. */
export async function startReceiver(
  behave: Behaviour = (response) => response.writeHead(204).end(),
): Promise<TestReceiver> {
  const received: Received[] = [];
  const together = new Map<string, number>();
  let most = 0;
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const id = String(request.headers["webhook-id"]);
    const one: Received = {
      id,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
      path: request.url ?? "",
      at: performance.now(),
    };
    received.push(one);
    const now = (together.get(id) ?? 0) + 1;
    together.set(id, now);
    most = Math.max(most, now);
    response.on("close", () => together.set(id, (together.get(id) ?? 1) - 1));
    await behave(response, one, received.length, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    mostTogether: () => most,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Adds an endpoint for a URL that is checked at sending only. */
export function addEndpoint(
  db: Database,
  url: string,
  settings: Partial<EndpointSettings> = {},
): Promise<{ id: string; secret: string }> {
  return createEndpoint(db, { name: "test", ...settings, url });
}

/** An alert whose message has this id. */
export function alertWith(id: string, data: Readonly<Record<string, unknown>> = {}): Alert {
  const envelope = { id, type: "alert", source: "/test", time: "2026-11-22T21:11:41.123Z" };
  const alert = alertOf(envelope, { alert_key: id, rule: "test", severity: "info", status: "firing", ...data });
  return { ...alert, messageId: id };
}

/** Makes one delivery for each id and endpoint, as the sink does. */
export async function enqueueAlerts(
  db: Database,
  ids: readonly string[],
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db.transaction((tx) =>
    enqueue(
      tx,
      ids.map((id) => alertWith(id, data)),
    ),
  );
}

/** A sender in this process. */
export async function startSender(db: Database, options = quickOptions()): Promise<Service> {
  const sender = createSender({ db, options, metrics: createMetrics(), log });
  await sender.start((cause) => {
    throw cause;
  });
  return sender;
}

/** State and attempts of every delivery, by message. */
export async function deliveriesOf(db: Database): Promise<Record<string, { state: string; attempts: number }>> {
  const rows = await db.query<{ message_id: string; state: string; attempts: number }>(
    "select message_id, state, attempts from webhook.deliveries order by delivery_id",
  );
  return Object.fromEntries(rows.map((row) => [row.message_id, { state: row.state, attempts: row.attempts }]));
}

/** Results and statuses of the attempts of a message, in order; null for one that nobody wrote the end of. */
export async function attemptsOf(db: Database, id: string): Promise<(string | null)[]> {
  const rows = await db.query<{ result: string | null; status: number | null }>(
    `select a.result, a.status from webhook.attempts a join webhook.deliveries d using (delivery_id)
     where d.message_id = $1 order by a.attempt`,
    [id],
  );
  return rows.map((row) =>
    row.result === null ? null : `${row.result}${row.status === null ? "" : ` ${row.status}`}`,
  );
}
