import type { IncomingMessage } from "node:http";
import type { Duplicates } from "./duplicates/duplicates.ts";
import { type AcceptLimits, acceptEvents, type EventKnowledge, type RequestFacts } from "./events/accept-event.ts";
import { readSentAt, type TimeLimits } from "./events/correct-time.ts";
import { traceparentOf } from "./events/read-envelope.ts";
import type { Verdict } from "./events/verdict.ts";
import type { Items } from "./formats/items.ts";
import type { Sender } from "./identity/sender.ts";
import type { IngestMetrics } from "./ingest-metrics.ts";
import type { Observer } from "./observer.ts";
import type { IngestOptions } from "./options.ts";
import type { Gate } from "./overload/gate.ts";
import { keepQuarantined, rejectQuarantined } from "./quarantine.ts";
import { type Destination, storeEvents } from "./store-events.ts";

/** What a request says about all of its events, and what it asks for. */
export type RequestWishes = RequestFacts & {
  /** Only Kafka counts as stored. */
  readonly replicated: boolean;
  /** The sender is at hand and repairs what is wrong: it is rejected instead of being kept in quarantine. */
  readonly strict: boolean;
};

export type HandlingParts = {
  readonly options: IngestOptions & AcceptLimits;
  readonly knowledge: EventKnowledge;
  /** Absent: everything may come in. */
  readonly gate?: Pick<Gate, "turnAway">;
  readonly destination: Destination;
  readonly duplicates: Pick<Duplicates, "storeOnce">;
  readonly metrics: IngestMetrics;
  /** Absent: nobody watches. */
  readonly observer?: Observer;
};

/**
 * What happens to the events of one request, or of one piece of a stream: admitted, judged, stored, counted. Resolves when what became of each
 * event is certain, in the order of the items. Never rejects because of what was sent.
 */
export async function handleEvents(
  items: Items,
  sender: Sender,
  request: RequestWishes,
  parts: HandlingParts,
): Promise<readonly Verdict[]> {
  const away = parts.gate?.turnAway(items.values, sender);
  const verdicts = acceptEvents(items, parts.knowledge, parts.options, request, sender, away);
  const begin = performance.now();
  await parts.duplicates.storeOnce(verdicts, () => {
    // A device cannot ask that its tampering leaves no trace.
    if (request.strict && sender.subject === undefined) rejectQuarantined(verdicts);
    const stored = storeEvents(parts.destination, verdicts, request.replicated);
    if (!verdicts.some(isQuarantined)) return stored;
    return Promise.all([stored, keepQuarantined(parts.destination, verdicts, items, sender, request)]);
  });
  parts.metrics.produced((performance.now() - begin) / 1_000);
  parts.metrics.events(verdicts);
  parts.observer?.events(items, verdicts, request.receivedAt);
  return verdicts;
}

const isQuarantined = ({ outcome }: Verdict) => outcome === "quarantined";

/**
 * What the headers of a request say about all of its events.
 * @param arrivedAt when the headers were there, and `receivedAt` when the rest was, in milliseconds since 1970
 */
export function requestFactsOf(
  { headers }: Pick<IncomingMessage, "headers">,
  arrivedAt: number,
  receivedAt: number,
  parts: { readonly options: TimeLimits; readonly metrics: Pick<IngestMetrics, "sentAt"> },
): RequestWishes {
  const { prefer } = headers;
  const traceparent = traceparentOf(headers.traceparent);
  const clock = readSentAt(headers["sent-at"]?.toString(), arrivedAt, receivedAt, parts.options);
  parts.metrics.sentAt(clock);
  return {
    receivedAt,
    // Prefer: durability=replicated, handling=strict (RFC 7240)
    replicated: prefer !== undefined && /(?:^|[,;\s])durability\s*=\s*"?replicated\b/i.test(String(prefer)),
    strict: prefer !== undefined && /(?:^|[,;\s])handling\s*=\s*"?strict\b/i.test(String(prefer)),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(clock === undefined || clock === "invalid" ? {} : { clock }),
  };
}
