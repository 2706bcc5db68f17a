import { type Metrics, secondsBuckets } from "../runtime/index.ts";
import type { EventType } from "../schemas/index.ts";
import type { Verdict } from "./events/verdict.ts";

export type IngestMetrics = ReturnType<typeof createIngestMetrics>;

/** How often each code was the first that was wrong; the empty text when nothing was. */
type ByCode = Map<string, number>;
type ByOutcome = Map<Verdict["outcome"], ByCode>;

/**
 * Labels are bounded: types are those of the catalogue or "unknown", codes those of the error table. What happens with each
 * request only adds to numbers here, which are read when the metrics are asked for.
 */
export function createIngestMetrics(metrics: Metrics) {
  const requests = new Map<number, number>();
  const events = new Map<EventType | undefined, ByOutcome>();
  let bodyBytes = 0;
  let inFlightRequests = 0;
  let inFlightBytes = 0;

  metrics.reading("counter", "hailstream_ingest_requests_total", "Requests by HTTP status.", ["status"], (add) => {
    for (const [status, count] of requests) add(count, { status: String(status) });
  });
  metrics.reading(
    "counter",
    "hailstream_ingest_events_total",
    "Events by type, result (accepted, duplicate, quarantined, rejected, retry) and the code of what was wrong first.",
    ["type", "result", "code"],
    (add) => {
      for (const [type, byOutcome] of events)
        for (const [result, byCode] of byOutcome)
          for (const [code, count] of byCode) add(count, { type: type?.name ?? "unknown", result, code });
    },
  );
  metrics.reading("counter", "hailstream_ingest_body_bytes_total", "Bytes of request bodies as received.", [], (add) =>
    add(bodyBytes),
  );
  metrics.reading(
    "gauge",
    "hailstream_ingest_in_flight_requests",
    "Requests that are taken and not answered yet.",
    [],
    (add) => add(inFlightRequests),
  );
  metrics.reading(
    "gauge",
    "hailstream_ingest_in_flight_bytes",
    "Bytes of bodies that are not answered yet, inflated.",
    [],
    (add) => add(inFlightBytes),
  );
  const seconds = metrics.distribution(
    "hailstream_ingest_produce_seconds",
    "Time from judging a request's events to their being stored: Kafka's acknowledgement, or the spool's.",
    secondsBuckets,
  );
  const sentAt = metrics.counter(
    "hailstream_ingest_sent_at_total",
    "Requests with a header sent-at: used, or invalid, which corrects no time.",
    ["header"],
  );

  return {
    request: (status: number) => void requests.set(status, (requests.get(status) ?? 0) + 1),
    body: (bytes: number) => {
      bodyBytes += bytes;
    },
    produced: (elapsedSeconds: number) => seconds.observe(elapsedSeconds),
    sentAt(clock: object | "invalid" | undefined) {
      if (clock !== undefined) sentAt.inc({ header: clock === "invalid" ? "invalid" : "used" });
    },
    underWay(count: number, bytes: number) {
      inFlightRequests = count;
      inFlightBytes = bytes;
    },
    events(verdicts: readonly Verdict[]) {
      // Neighbours are mostly alike: a run of them is one addition.
      let run = 0;
      let last: Verdict | undefined;
      for (const verdict of verdicts) {
        if (last === undefined || !isAlike(last, verdict)) {
          if (last !== undefined) addEvents(events, last, run);
          last = verdict;
          run = 0;
        }
        run++;
      }
      if (last !== undefined) addEvents(events, last, run);
    },
  };
}

function isAlike(a: Verdict, b: Verdict): boolean {
  return a.type === b.type && a.outcome === b.outcome && codeOf(a) === codeOf(b);
}

function addEvents(events: Map<EventType | undefined, ByOutcome>, verdict: Verdict, count: number): void {
  const byOutcome: ByOutcome = events.get(verdict.type) ?? new Map();
  const byCode: ByCode = byOutcome.get(verdict.outcome) ?? new Map();
  const code = codeOf(verdict);
  byCode.set(code, (byCode.get(code) ?? 0) + count);
  if (byCode.size > 1 || byOutcome.has(verdict.outcome)) return;
  byOutcome.set(verdict.outcome, byCode);
  events.set(verdict.type, byOutcome);
}

function codeOf(verdict: Verdict): string {
  if (verdict.outcome === "retry") return verdict.code;
  return "violations" in verdict ? (verdict.violations[0]?.code ?? "") : "";
}
