import type { KafkaRecord } from "../../kafka/index.ts";
import type { Projection, Schemas } from "../../schemas/index.ts";
import { type Emitted, headersOf, type Reader } from "../flow.ts";
import { deadLetter, forward, type Step, type Verdict } from "../step.ts";

const topic = "trip-signals";

/** A reader for flows that do not look into a record. */
export function readAsItIs(): Reader<KafkaRecord> {
  return function readAsItIs(record) {
    return forward(record);
  };
}

/** An event of a trip as it is: its key is the trip already. */
export function gatherEvent(): Step<KafkaRecord, Emitted> {
  return function gatherEvent(record) {
    return forward({ topic, record: { key: record.key, value: record.value, headers: headersOf(record) } });
  };
}

/** A position of a driver on a trip. */
export type TripPosition = { readonly tripId: string; readonly source: KafkaRecord };

/** Finds out on which trip a position was reported, stepping over the rest of its bytes; one on no trip leads to nothing. */
export function readTripOfPosition(schemas: Pick<Schemas, "decode" | "projection">): Reader<TripPosition> {
  const projections = new Map<number, Projection>();
  const judge = (source: KafkaRecord, tripId: unknown): Verdict<TripPosition> =>
    typeof tripId === "string" ? forward({ tripId, source }) : forward();

  async function decode(record: KafkaRecord, value: Buffer): Promise<Verdict<TripPosition>> {
    const decoded = await schemas.decode(value);
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const project = schemas.projection(decoded.schemaId, ["trip_id"]);
    if (project !== undefined) projections.set(decoded.schemaId, project);
    return judge(record, decoded.value.trip_id);
  }

  return function readTripOfPosition(record) {
    const { value } = record;
    if (value === null) return deadLetter("record_framing_invalid", "the record has no value");
    const project = value.length > 5 && value[0] === 0 ? projections.get(value.readInt32BE(1)) : undefined;
    const fields = project?.(value);
    return fields === undefined ? decode(record, value) : judge(record, fields.trip_id);
  };
}

/** The position as it is, under the key of its trip, so that it meets the trip's events in one partition. */
export function gatherPosition(): Step<TripPosition, Emitted> {
  return function gatherPosition({ tripId, source }) {
    return forward({ topic, record: { key: tripId, value: source.value, headers: headersOf(source) } });
  };
}
