import type { IncomingMessage, ServerResponse } from "node:http";
import { createService, type Logger, type Service } from "../../runtime/index.ts";
import type { SpanSource } from "./otlp-spans.ts";

/** One span a request, sent to an OpenTelemetry collector. */
export type Tracing = Service & {
  /**
   * Begins the span of a request; it ends with the connection's last byte of the answer. From here on the request's `traceparent`
   * is that of the span, a child of the client's, so that it is what goes into Kafka.
   */
  follow(request: IncomingMessage, response: ServerResponse): void;
  /** Whether it is followed: the headers of its answer are read again when it ends. */
  follows(response: ServerResponse): boolean;
};

export type TracingParts = {
  /** The OTLP/HTTP address of the collector; `/v1/traces` is added when it has no path. */
  readonly url: string;
  /** 0 to 1: the share of requests without a context of their own that are traced. Others follow their client's choice. */
  readonly ratio: number;
  readonly log: Logger;
};

/** What flushing the last spans may take of the time that a stop has. */
const flushTimeoutMs = 2_000;

/**
 * OpenTelemetry is loaded by `start`, so that whoever does not trace does not carry it. A collector that is away or slow costs
 * spans, which are dropped above a bound, and never an event.
 */
export function createTracing({ url, ratio, log }: TracingParts): Tracing {
  let spans: SpanSource | undefined;
  const followed = new WeakSet<ServerResponse>();
  const service = createService({
    name: "tracing",
    async start() {
      const { createSpanSource } = await import("./otlp-spans.ts");
      spans = createSpanSource({
        url: tracesUrl(url),
        ratio,
        onError: (text) => log.warn(`spans are not sent: ${text}`),
      });
    },
    async stop() {
      await Promise.race([spans?.shutdown(), new Promise((resolve) => setTimeout(resolve, flushTimeoutMs).unref())]);
    },
  });
  return {
    ...service,
    follow(request, response) {
      if (spans === undefined) return;
      const span = spans.begin(request.method ?? "", request.url ?? "", request.headers);
      request.headers.traceparent = span.traceparent;
      followed.add(response);
      response.once("close", () => {
        const results = response.getHeader("hailstream-results");
        span.end(response.writableFinished ? response.statusCode : undefined, results?.toString());
      });
    },
    follows: (response) => followed.has(response),
  };
}

/** `http://host:4318` is the base address that OTEL_EXPORTER_OTLP_ENDPOINT holds. */
function tracesUrl(text: string): string {
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}
