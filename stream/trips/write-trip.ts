import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { ToldTrip } from "./fold-trip.ts";

/** Namespace of the ids of trip accounts (RFC 9562, 5.5); another value would make other ids of the same trips. */
const namespace = "5f0e8f2a-7c1d-5b3e-9a64-2d1c0b7f3e95";

/** Bytes and headers of a trip's account. Its id is made of its content: the same account has it wherever and whenever it is made. */
export function writeTrip(schemas: Pick<Schemas, "encode">): (told: ToldTrip) => OutboxRecord {
  return ({ tripId, account, revision, receivedAt }) => {
    const data = { trip_id: tripId, revision, ...account };
    const envelope = {
      id: uuidv5(JSON.stringify(data), namespace),
      type: "trip",
      source: "/hailstream/trips",
      time: new Date(account.ended_at).toISOString(),
      subject: tripId,
      receivedAt,
    };
    return { topic: "trips", key: tripId, value: schemas.encode("trip", data), headers: envelopeHeaders(envelope) };
  };
}
