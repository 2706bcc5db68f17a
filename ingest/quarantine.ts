import type { OutgoingRecord } from "../kafka/index.ts";
import { type ErrorCode, errorTable, PipelineError } from "../runtime/index.ts";
import { quarantineRecord, quarantineTopic, type Violation } from "../schemas/index.ts";
import type { RequestFacts } from "./events/accept-event.ts";
import type { Refused, Verdict } from "./events/verdict.ts";
import type { Items } from "./formats/items.ts";
import type { Sender } from "./identity/sender.ts";
import type { Destination } from "./store-events.ts";

/** A record of Kafka holds no more with its headers. Data are far shorter: what is longer is white space, or attributes that nobody reads. */
const maxOriginalBytes = 700 * 1_024;

/**
 * Stores what is `quarantined`, each with its original bytes, and waits for the acknowledgement; only then the verdict is true. When it is
 * not stored the event becomes `retry`, in place. Never rejects.
 */
export async function keepQuarantined(
  destination: Destination,
  verdicts: Verdict[],
  items: Pick<Items, "values" | "bytesOf">,
  sender: Sender,
  request: Pick<RequestFacts, "receivedAt" | "traceparent"> & { readonly replicated: boolean },
): Promise<void> {
  const indexes: number[] = [];
  const records: OutgoingRecord[] = [];
  for (let index = 0; index < verdicts.length; index++) {
    const verdict = verdicts[index] as Verdict;
    if (verdict.outcome !== "quarantined") continue;
    const original = originalOf(items.bytesOf(index));
    if (original === undefined) {
      verdicts[index] = { ...verdict, outcome: "rejected", violations: [tooLarge, ...verdict.violations] };
      continue;
    }
    indexes.push(index);
    records.push(recordOf(verdict, items.values[index], original, sender, request));
  }
  if (records.length === 0) return;
  try {
    const durability = await destination.send(quarantineTopic, records, { replicated: request.replicated });
    if (durability === "replicated") return;
    for (const index of indexes) verdicts[index] = { ...(verdicts[index] as Refused), durability };
  } catch (error) {
    const code: ErrorCode = error instanceof PipelineError ? error.code : "kafka_produce_failed";
    for (const index of indexes) {
      const { id, type } = verdicts[index] as Refused;
      verdicts[index] = { outcome: "retry", id, type, code };
    }
  }
}

/** Makes what is `quarantined` `rejected`, in place: nothing of it is kept. */
export function rejectQuarantined(verdicts: Verdict[]): void {
  for (const [index, verdict] of verdicts.entries()) {
    if (verdict.outcome === "quarantined") verdicts[index] = { ...verdict, outcome: "rejected" };
  }
}

/** The bytes as they were sent, or the same without white space when they are too many. */
function originalOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length <= maxOriginalBytes) return bytes;
  const compact = Buffer.from(JSON.stringify(JSON.parse(bytes.toString())));
  return compact.length <= maxOriginalBytes ? compact : undefined;
}

function recordOf(
  { violations, schemaId }: Refused,
  value: unknown,
  original: Buffer,
  { name, stage, subject: tokenSubject }: Sender,
  { receivedAt, traceparent }: Pick<RequestFacts, "receivedAt" | "traceparent">,
): OutgoingRecord {
  // Only an event whose envelope is whole is quarantined.
  const { id, type, source, time, subject } = value as Readonly<Record<string, string>>;
  return quarantineRecord({
    eventId: id ?? "",
    type: type ?? "",
    source: source ?? "",
    time: time ?? "",
    ...(typeof subject === "string" ? { subject } : {}),
    code: (violations[0] as Violation).code,
    violations,
    ...(schemaId === undefined ? {} : { schemaId }),
    keyName: name,
    stage,
    ...(tokenSubject === undefined ? {} : { tokenSubject }),
    receivedAt,
    ...(traceparent === undefined ? {} : { traceparent }),
    original,
  });
}

const tooLarge: Violation = {
  code: "event_too_large",
  pointer: "",
  expected: `at most ${maxOriginalBytes} bytes with everything around its data`,
  got: "more",
  message: errorTable.event_too_large.title,
};
