import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext } from "node:tls";
import express, { type Express } from "express";
import { type ErrorCode, PipelineError } from "./errors.ts";
import { headProblemOf, securityHeaders } from "./http-guard.ts";
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
  /** How long a connection may stay open between two requests, and how long nothing may move on it within one. */
  readonly keepAliveTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** More connections are closed at once. */
  readonly maxConnections?: number;
  readonly maxHeaders?: number;
  readonly maxHeaderBytes?: number;
  /** Files in PEM; with them the server speaks HTTPS only, from TLS 1.2 on. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Answers a request whose head is refused (request_head_invalid); its connection is closed afterwards. */
  refuse?(response: ServerResponse, error: PipelineError): void;
  /** The answer to what never became a request (the codes of {@link refusals}); as problem+json; default: its code alone. */
  problem?(error: PipelineError): string;
  /** How long `stop` waits for requests under way before it cuts them. */
  readonly drainTimeoutMs?: number;
};

export type HttpService = Service & {
  /** The base address without a slash at the end, known after `start`. */
  readonly url: string;
};

/** How node:http marks a connection whose answer has begun. */
type Answering = Duplex & { readonly _httpMessage?: ServerResponse };

/** What node cannot read as a request, by its code. */
const refusals: Readonly<Record<string, { code: ErrorCode; status: string; reason: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: "request_too_slow", status: "408 Request Timeout", reason: "timeout" },
  HPE_HEADER_OVERFLOW: {
    ...{ code: "request_head_too_large", status: "431 Request Header Fields Too Large" },
    reason: "headers_too_large",
  },
};
const unreadable = { code: "request_malformed", status: "400 Bad Request", reason: "malformed" } as const;

/** Marks a connection on which a head was refused. */
const doubtful = Symbol("doubtful");
type Doubtful = Duplex & { [doubtful]?: boolean };

/** What every server answers behind the routes of its station. */
export const processPaths: ReadonlySet<string> = new Set(["/live", "/ready", "/metrics"]);

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
  app.use((_request, response, next) => {
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    next();
  });
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

  const refused = parts.metrics.counter(
    "hailstream_http_refused_total",
    "Connections and requests that ended before a route was asked: timeout, malformed, headers_too_large, head (what node reads and we do not), connections (too many).",
    ["reason"],
  );
  const maxHeaders = parts.maxHeaders ?? 100;
  const limits = {
    // Slow clients are looked for this often, so a time-out acts at most as much later.
    connectionsCheckingInterval: 500,
    keepAliveTimeout: parts.keepAliveTimeoutMs ?? 5_000,
    maxHeaderSize: parts.maxHeaderBytes ?? 16_384,
  };
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const connection: Doubtful = request.socket;
    // What comes behind a head that two machines may read differently is nobody's request.
    if (connection[doubtful] === true) return;
    const problem = headProblemOf(request, maxHeaders);
    if (problem === undefined) {
      if (parts.takeFirst?.(request, response) !== true) app(request, response);
      return;
    }
    connection[doubtful] = true;
    refused.inc({ reason: "head" });
    response.setHeader("connection", "close");
    if (parts.refuse !== undefined) parts.refuse(response, problem);
    else response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ code: problem.code }));
  };
  const tlsServer =
    parts.tls === undefined
      ? undefined
      : createTlsServer(
          {
            ...limits,
            minVersion: "TLSv1.2",
            ALPNProtocols: ["http/1.1"],
            handshakeTimeout: parts.headersTimeoutMs ?? 10_000,
          },
          take,
        );
  const server: Server = tlsServer ?? createServer(limits, take);
  // Node would leave out, in silence, the headers above its own limit; we refuse the request.
  server.maxHeadersCount = 0;
  if (parts.maxConnections !== undefined) server.maxConnections = parts.maxConnections;
  server.timeout = parts.idleTimeoutMs ?? 0;
  server.on("drop", () => refused.inc({ reason: "connections" }));
  server.on("clientError", (error: NodeJS.ErrnoException & { readonly reason?: string }, socket: Answering) => {
    // Node tells of each slow request once, and the listener decides.
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && parts.mayTakeLonger?.(socket) === true) return;
    const { code, status, reason } = refusals[error.code ?? ""] ?? unreadable;
    refused.inc({ reason });
    if (socket.writable && socket._httpMessage?.headersSent !== true) {
      const problem = new PipelineError(code, { fields: error.reason === undefined ? {} : { problem: error.reason } });
      const body = parts.problem?.(problem) ?? JSON.stringify({ code });
      const fields = [
        ...[
          ["content-type", "application/problem+json"],
          ["content-length", String(Buffer.byteLength(body))],
        ],
        ...[["connection", "close"], ...securityHeaders],
      ];
      const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      socket.write(`HTTP/1.1 ${status}\r\n${head}\r\n${body}`);
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
    async start(fail) {
      if (parts.tls !== undefined) tlsServer?.setSecureContext(await readTls(parts.tls));
      await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
          const taken = error.code === "EADDRINUSE";
          const fields = { address: `${parts.host}:${parts.port}`, option: parts.portFlag };
          reject(taken ? new PipelineError("port_taken", { fields, cause: error }) : error);
        });
        server.listen(parts.port, parts.host, () => {
          const { address, port, family } = server.address() as AddressInfo;
          url = `${tlsServer === undefined ? "http" : "https"}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
          server.on("error", fail);
          resolve();
        });
      });
    },
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

/** @throws PipelineError tls_files_unusable */
async function readTls({ certFile, keyFile }: NonNullable<HttpServiceParts["tls"]>) {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    throw new PipelineError("tls_files_unusable", { cause, fields: { certFile, keyFile } });
  }
}
