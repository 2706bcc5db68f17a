import type { IncomingHttpHeaders } from "node:http";
import {
  DiagLogLevel,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

export type SpanSource = {
  begin(method: string, url: string, headers: IncomingHttpHeaders): RequestSpan;
  /** Sends what is left. */
  shutdown(): Promise<void>;
};

export type RequestSpan = {
  /** W3C trace context of the span. */
  readonly traceparent: string;
  /** @param status undefined when the client left before it had its answer. @param results the counts of the answer */
  end(status: number | undefined, results: string | undefined): void;
};

/** Spans that wait for the collector; more are dropped. */
const maxWaitingSpans = 4_096;

/** The one place that knows OpenTelemetry; loaded only when tracing is on. Names are those of its conventions for HTTP servers. */
export function createSpanSource(parts: {
  readonly url: string;
  readonly ratio: number;
  onError(text: string): void;
}): SpanSource {
  const quiet = () => undefined;
  const { onError } = parts;
  diag.setLogger({ error: onError, warn: quiet, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.ERROR);
  const provider = new TracerProvider({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over ours.
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "hailstream-ingest" }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(parts.ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: parts.url }),
        maxQueueSize: maxWaitingSpans,
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: 5_000,
      }),
    ],
  });
  const tracer = provider.getTracer("hailstream-ingest");
  const propagator = new W3CTraceContextPropagator();

  return {
    begin(method, url, headers) {
      const [path = ""] = url.split("?", 1);
      const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const attributes = { "http.request.method": method, "url.path": path };
      const span = tracer.startSpan(`${method} ${path}`, { kind: SpanKind.SERVER, attributes }, parent);
      const carrier: { traceparent?: string } = {};
      propagator.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
      return {
        traceparent: carrier.traceparent ?? "",
        end(status, results) {
          if (status !== undefined) span.setAttribute("http.response.status_code", status);
          // Names are few: a path that does not exist is none.
          if (status === 404) span.updateName(method);
          if (results !== undefined) span.setAttribute("hailstream.results", results);
          if (status === undefined || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    shutdown: () => provider.shutdown(),
  };
}
