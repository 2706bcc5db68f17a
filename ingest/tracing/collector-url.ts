/**
 * The collector that OpenTelemetry's own variables name: the address of traces as it is, or the base of all signals. Undefined when
 * there is none, or tracing is switched off by OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none.
 */
export function collectorUrlFrom(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER === "none") return undefined;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: base } = env;
  // An empty variable is as good as none, by the specification.
  if (traces !== undefined && traces !== "") return traces;
  return base === undefined || base === "" ? undefined : `${base.replace(/\/$/, "")}/v1/traces`;
}
