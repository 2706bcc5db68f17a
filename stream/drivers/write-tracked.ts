import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Tracked } from "./track-driver.ts";

/** Namespace of the ids of jumps (RFC 9562, 5.5); another value would make other ids of the same jumps. */
const namespace = "0c6a4d1e-93b2-5a7f-8f21-6b0e5d9a4c37";

/** Bytes and headers of a position or a jump. A position has the id and the time of the event that it comes from. */
export function writeTracked(schemas: Pick<Schemas, "encode">): (tracked: Tracked) => OutboxRecord {
  return (tracked) => {
    if (tracked.type === "position") {
      const { driverId, id, timeMs, receivedAt, latitude, longitude, shown } = tracked.fix;
      const data = { driver_id: driverId, latitude, longitude, ...shown };
      return record("driver.position", "driver-positions", driverId, { id, timeMs, receivedAt }, data);
    }
    const { driverId, jump } = tracked;
    const { from, to, distance, speed } = jump;
    const data = {
      driver_id: driverId,
      ...{ from_event_id: from.id, to_event_id: to.id, from_at: from.timeMs, to_at: to.timeMs },
      ...{ from_latitude: from.latitude, from_longitude: from.longitude },
      ...{ to_latitude: to.latitude, to_longitude: to.longitude, distance, speed },
    };
    const id = uuidv5(JSON.stringify([driverId, from.id, to.id]), namespace);
    return record("driver.jump", "driver-jumps", driverId, { ...to, id }, data);
  };

  function record(
    type: string,
    topic: string,
    driverId: string,
    at: { readonly id: string; readonly timeMs: number; readonly receivedAt: number },
    data: Readonly<Record<string, unknown>>,
  ): OutboxRecord {
    const time = new Date(at.timeMs).toISOString();
    const envelope = {
      id: at.id,
      type,
      source: "/hailstream/drivers",
      time,
      subject: driverId,
      receivedAt: at.receivedAt,
    };
    return { topic, key: driverId, value: schemas.encode(type, data), headers: envelopeHeaders(envelope) };
  }
}
