import { type Metrics, secondsBuckets } from "../runtime/index.ts";
import type { Verdict } from "./events/verdict.ts";

export type IngestMetrics = ReturnType<typeof createIngestMetrics>;

/**
 * Labels are bounded: types are those of the catalogue or "unknown", codes those of the error table. Events are counted per
 * request and not one by one, since a labelled counter costs as much as encoding an event.
 */
export function createIngestMetrics(metrics: Metrics) {
  const requests = metrics.counter("hailstream_ingest_requests_total", "Requests by HTTP status.", ["status"]);
  const events = metrics.counter(
    "hailstream_ingest_events_total",
    "Events by type, result (accepted, duplicate, quarantined, rejected, retry) and the code of what was wrong first.",
    ["type", "result", "code"],
  );
  const bodyBytes = metrics.counter("hailstream_ingest_body_bytes_total", "Bytes of request bodies as received.");
  const inFlight = metrics.gauge("hailstream_ingest_in_flight_requests", "Requests that are not answered yet.");
  const inFlightBytes = metrics.gauge(
    "hailstream_ingest_in_flight_bytes",
    "Bytes of bodies that are not answered yet.",
  );
  const seconds = metrics.histogram(
    "hailstream_ingest_produce_seconds",
    "Time from judging a request's events to Kafka's acknowledgement.",
    secondsBuckets,
  );

  return {
    request: (status: number) => requests.inc({ status: String(status) }),
    body: (bytes: number) => bodyBytes.inc(bytes),
    produced: (elapsedSeconds: number) => seconds.observe(elapsedSeconds),
    underWay(count: number, bytes: number) {
      inFlight.set(count);
      inFlightBytes.set(bytes);
    },
    events(verdicts: readonly Verdict[]) {
      // Neighbours are mostly alike: a run of equal labels is one call.
      let run = 0;
      let last = { type: "", result: "", code: "" };
      for (const verdict of verdicts) {
        const type = verdict.type?.name ?? "unknown";
        const result = verdict.outcome;
        const code = codeOf(verdict);
        if (run > 0 && last.type === type && last.result === result && last.code === code) run++;
        else {
          if (run > 0) events.inc(last, run);
          last = { type, result, code };
          run = 1;
        }
      }
      if (run > 0) events.inc(last, run);
    },
  };
}

function codeOf(verdict: Verdict): string {
  if (verdict.outcome === "retry") return verdict.code;
  return "violations" in verdict ? (verdict.violations[0]?.code ?? "") : "";
}
