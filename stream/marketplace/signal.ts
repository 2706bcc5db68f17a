import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, readEnvelope } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, forward } from "../step.ts";
import { parentOf } from "./cells.ts";

/** Where something happened: a city and an H3 cell of resolution 8. */
export type Place = { readonly cityId: string; readonly cell: string };

export const tripSignals = ["requested", "completed", "cancelled", "unmet", "pickup"] as const;
export type TripSignal = (typeof tripSignals)[number];

/** One thing that counts in one cell and minute. */
export type Signal = Place & {
  /** `open`: a driver who waited for a request at the end of the minute. The others: what happened to a trip. */
  readonly kind: "open" | TripSignal;
  /** The driver or the trip. */
  readonly id: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  /** Of a pickup: from the acceptance to the arrival, in ms. */
  readonly pickupMs?: number;
};

/** The internal topic between those who watch drivers and trips and those who count. */
export const signalTopic = "marketplace-signals";

/** Namespace of the ids of signals (RFC 9562, 5.5). */
const namespace = "8f3f0f0d-0e53-5a0e-9d3c-0f4e0f2b7c11";

/** What is counted together: all signals of a city in one cell of resolution 7. */
export function countKeyOf({ cityId, cell }: Place): string {
  return `${cityId}/${parentOf(cell)}`;
}

/** Bytes and headers of a signal; JSON, as what a processor remembers: nobody else reads it. */
export function writeSignal(signal: Signal): OutboxRecord {
  const { kind, id, timeMs, receivedAt } = signal;
  const envelope = {
    id: uuidv5(JSON.stringify([kind, id, timeMs]), namespace),
    type: "marketplace.signal",
    source: "/hailstream/marketplace",
    time: new Date(timeMs).toISOString(),
    subject: id,
    receivedAt,
  };
  return {
    ...{ topic: signalTopic, key: countKeyOf(signal), value: Buffer.from(JSON.stringify(signal)) },
    headers: envelopeHeaders(envelope),
  };
}

/** Reads what {@link writeSignal} wrote. */
export const readSignal: Reader<Signal> = function readSignal(record) {
  if (readEnvelope(record) === undefined || record.value === null)
    return deadLetter("stream_envelope_missing", "no signal of the marketplace");
  return forward(JSON.parse(record.value.toString()) as Signal);
};
