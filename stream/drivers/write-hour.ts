import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { ToldHour } from "./fold-hours.ts";

/** Namespace of the ids of accounts of hours (RFC 9562, 5.5); another value would make other ids of the same hours. */
const namespace = "b7f1c1a2-58d4-5e0b-9c6e-3f3a8d2b7e10";

/** Bytes and headers of an account of an hour. Its id is made of its content: the same account has it wherever and whenever it is made. */
export function writeHour(schemas: Pick<Schemas, "encode">): (told: ToldHour) => OutboxRecord {
  return ({ driverId, hour, revision, cityId, account, receivedAt }) => {
    const data = { driver_id: driverId, hour, revision, city_id: cityId, ...account };
    const envelope = {
      id: uuidv5(JSON.stringify(data), namespace),
      type: "driver.hour",
      source: "/hailstream/drivers",
      time: new Date(hour).toISOString(),
      // The view of the newest revisions goes by subject.
      subject: `${driverId}/${new Date(hour).toISOString().slice(0, 13)}`,
      receivedAt,
    };
    return {
      topic: "driver-hours",
      key: driverId,
      value: schemas.encode("driver.hour", data),
      headers: envelopeHeaders(envelope),
    };
  };
}
