import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import express, { type Express } from "express";
import { PipelineError } from "./errors.ts";
import type { Metrics } from "./metrics.ts";
import { createService, type Service } from "./service.ts";

export type HttpServiceParts = {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port; see {@link HttpService.url}. */
  readonly port: number;
  /** The flag that changes the port, for the message when it is taken. */
  readonly portFlag: string;
  readonly metrics: Metrics;
  /**
   * Asked before Express; true when it has taken the request. For a route whose work is smaller than Express's way to it.
   */
  takeFirst?(request: IncomingMessage, response: ServerResponse): boolean;
  /** Adds the routes of the station. */
  routes(app: Express): void;
  /** What is not ready, by name and reason; an empty object is ready. Called for each /ready request, so it must be cheap. */
  readiness?(): Readonly<Record<string, string>>;
  /** The text of /metrics; default: that of `metrics`. */
  metricsText?(): Promise<string>;
  /** Largest time from the first byte of a request's headers to their last, and for the whole request. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** Whether the request that a connection is sending is free of `requestTimeoutMs`: it is a stream, with a rule of its own. */
  mayTakeLonger?(socket: Duplex): boolean;
  /** How long `stop` waits for requests under way before it cuts them. */
  readonly drainTimeoutMs?: number;
};

export type HttpService = Service & {
  /** The base address without a slash at the end, known after `start`. */
  readonly url: string;
};

/** How node:http marks a connection whose answer has begun. */
type Answering = Duplex & { readonly _httpMessage?: ServerResponse };

const refusals: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/**
 * The one HTTP server life cycle: /live answers while the process runs, /ready answers 503 with the reasons until all parts
 * are ready and again from the moment `stop` begins, /metrics gives the Prometheus text. `stop` closes the door first, lets
 * requests under way finish, then resolves.
 */
export function createHttpService(parts: HttpServiceParts): HttpService {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  let stopping = false;

  parts.routes(app);
  app.get("/live", (_request, response) => void response.json({ status: "live" }));
  app.get("/ready", (_request, response) => {
    const waiting = { ...(stopping ? { process: "stopping" } : {}), ...parts.readiness?.() };
    const ready = Object.keys(waiting).length === 0;
    response.status(ready ? 200 : 503).json(ready ? { status: "ready" } : { status: "not ready", waiting });
  });
  app.get("/metrics", async (_request, response) => {
    response
      .type(parts.metrics.registry.contentType)
      .send(await (parts.metricsText?.() ?? parts.metrics.registry.metrics()));
  });

  const server: Server = createServer(
    { connectionsCheckingInterval: 1_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      if (parts.takeFirst?.(request, response) !== true) app(request, response);
    },
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Answering) => {
    // Node tells of each slow request once, and the listener decides.
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && parts.mayTakeLonger?.(socket) === true) return;
    // What node answers itself when nobody listens.
    const status = refusals[error.code ?? ""] ?? "400 Bad Request";
    if (socket.writable && socket._httpMessage?.headersSent !== true) {
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, "latin1");
    }
    socket.destroy(error);
  });
  server.headersTimeout = parts.headersTimeoutMs ?? 10_000;
  server.requestTimeout = parts.requestTimeoutMs ?? 30_000;
  // Once the door is closed, a kept-alive connection must not bring another request.
  server.prependListener("request", (_request, response) => {
    if (stopping) response.setHeader("connection", "close");
  });

  let url = "";
  const service = createService({
    name: parts.name,
    start: (fail) =>
      new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
          const taken = error.code === "EADDRINUSE";
          const fields = { address: `${parts.host}:${parts.port}`, option: parts.portFlag };
          reject(taken ? new PipelineError("port_taken", { fields, cause: error }) : error);
        });
        server.listen(parts.port, parts.host, () => {
          const { address, port, family } = server.address() as AddressInfo;
          url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
          server.on("error", fail);
          resolve();
        });
      }),
    async stop() {
      stopping = true;
      if (!server.listening) return;
      const cut = setTimeout(() => server.closeAllConnections(), parts.drainTimeoutMs ?? 8_000);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(cut);
    },
  });
  return Object.defineProperty(service, "url", { get: () => url }) as HttpService;
}
