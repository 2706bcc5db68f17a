import type { Trace } from "../audit/index.ts";

/** One thing that became of an event. `reason`: words that may quote values of it. */
type Step = {
  readonly at: Date | undefined;
  readonly station: string;
  readonly words: string;
  readonly reason?: string;
};

const outcomes: Readonly<Record<Trace["outcome"], string>> = {
  stored: "is stored",
  waiting: "is on its way",
  rejected: "was not accepted, or could not be used",
  lost: "is lost",
  unknown: "is not known",
};

/** A trace in parts, for whoever draws it; `withReasons` false leaves out what may quote values of the event. */
export function traceParts(trace: Trace, withReasons: boolean) {
  return {
    outcome: trace.outcome,
    verdict: outcomes[trace.outcome],
    steps: stepsOf(trace).map(({ at, station, words, reason }) => ({
      ...{ at: at?.getTime() ?? null, station },
      words: reason === undefined || !withReasons ? words : `${words}: ${reason}`,
    })),
    hints: hintsOf(trace).map((hint) => hint.trim()),
  };
}

/** A trace as lines: what became of the event, then station by station when, and how long behind the one before. */
export function describeTrace(trace: Trace): readonly string[] {
  const steps = stepsOf(trace);
  const first = steps.find(({ at }) => at !== undefined)?.at;
  const lines = steps.map(({ at, station, words, reason }) => {
    const since =
      at === undefined || first === undefined ? "" : `+${((at.getTime() - first.getTime()) / 1_000).toFixed(3)} s`;
    return `  ${(at?.toISOString() ?? "").padEnd(24)}  ${since.padStart(12)}  ${station.padEnd(10)}  ${words}${reason === undefined ? "" : `: ${reason}`}`;
  });
  return [
    `${trace.eventId}${trace.type === null ? "" : `  ${trace.type}`}  ${outcomes[trace.outcome]}`,
    ...lines,
    ...hintsOf(trace),
  ];
}

function stepsOf(trace: Trace): readonly Step[] {
  const place = ({ topic, partition, offset }: { topic: string; partition: number; offset: string | bigint }) =>
    `${topic} partition ${partition} offset ${offset}`;
  const [row] = trace.rows;
  const [record] = trace.records;
  const received = row?.receivedAt ?? (record === undefined ? undefined : receivedOf(record.headers));
  const steps: Step[] = [];
  const add = (at: Date | undefined, station: string, words: string, reason?: string) =>
    steps.push({ at, station, words, ...(reason === undefined ? {} : { reason }) });
  if (received !== undefined) {
    const source = record?.headers.ce_source ?? row?.row.source;
    add(received, "ingest", `accepted${typeof source === "string" && source !== "" ? `, from ${source}` : ""}`);
  }
  for (const each of trace.quarantined) {
    const again = each.times_seen > 1 ? `, ${each.times_seen} times` : "";
    add(
      each.received_at,
      "quarantine",
      `${each.code} (key ${each.key_name}, ${each.state}${again}, ${each.quarantine_id})`,
      each.message ?? undefined,
    );
  }
  for (const each of trace.records)
    add(new Date(each.writtenAt), "kafka", `${place(each)}, schema ${each.schemaId ?? "none"}`);
  for (const each of trace.deadLetters) {
    const { dl_step: step, dl_code: code, dl_reason: reason } = each.headers;
    add(new Date(each.writtenAt), "stream", `dead letter of ${step}, ${each.state}: ${code} (${place(each)})`, reason);
  }
  for (const each of trace.enriched) {
    const revision = each.headers.enrichment_revision;
    add(
      new Date(each.writtenAt),
      "stream",
      `enriched${revision === undefined ? "" : `, revision ${revision}`}: ${place(each)}`,
    );
  }
  for (const each of trace.rejections)
    add(each.at, "postgres", `dead letter of ${each.consumer}, ${each.state}: ${each.reason}`, each.message);
  for (const each of trace.rows)
    add(undefined, "postgres", `a row of events.${each.tableName}, which happened at ${each.occurredAt.toISOString()}`);
  for (const each of trace.losses)
    add(
      each.found_at,
      "audit",
      `Kafka had acknowledged it as ${each.topic} partition ${each.partition} offset ${each.record_offset} and had it no more`,
    );
  let told = "";
  for (const each of trace.alerts) {
    if (each.message_id !== told) add(each.told_at, "alert", `${each.rule} ${each.notification}`, each.summary);
    told = each.message_id;
    if (each.endpoint !== null) add(each.finished_at ?? undefined, "webhook", deliveryWords(each));
  }
  return steps;
}

function deliveryWords(alert: Trace["alerts"][number]): string {
  const { endpoint, state, attempts, last_status: status, last_detail: detail, next_attempt_at: next } = alert;
  const answer = status === null ? (detail ?? "") : `answered ${status}`;
  const then = next === null ? "" : `, next at ${next.toISOString()}`;
  return `${state} to ${endpoint} after ${attempts} attempt${attempts === 1 ? "" : "s"}${answer === "" ? "" : `, ${answer}`}${then}`;
}

function hintsOf({ outcome, waiting, records, losses, searched }: Trace): readonly string[] {
  if (waiting !== null) return [`  ${waiting.consumer} has not come to it: ${waiting.records} records lie before it.`];
  if (outcome === "lost" && losses.length === 0)
    return ["  Everybody behind it has gone on, and it is neither a row nor a dead letter: see hailstream audit."];
  if (outcome !== "unknown" && records.length > 0) return [];
  if (outcome === "unknown" || outcome === "stored") {
    const where =
      searched === null
        ? "The topics were not read, since nobody knows when to look"
        : `The topics were read from ${searched.from} to ${searched.to}`;
    return [
      `  ${where}${outcome === "unknown" ? "; say when it arrived with --around" : "; its record is no longer there, or lies elsewhere"}.`,
    ];
  }
  return [];
}

function receivedOf(headers: Readonly<Record<string, string>>): Date | undefined {
  const ms = Number(headers.received_at);
  return headers.received_at === undefined || Number.isNaN(ms) ? undefined : new Date(ms);
}
