import { readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, drop, forward } from "../step.ts";

export const driverStatuses = ["offline", "open", "dispatched", "on_trip"] as const;
export type DriverStatus = (typeof driverStatuses)[number];

/** Something was heard of a driver: a new status, or a position. */
export type Activity = {
  readonly driverId: string;
  readonly id: string;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly status: DriverStatus | null;
  /** Of a position that lies in a city. */
  readonly cityId: string | null;
};

/** Decodes an enriched driver location or a driver status, and keeps what the account of the hour needs. */
export function readActivity(schemas: Pick<Schemas, "decode">): Reader<Activity> {
  return async function readActivity(record) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const { name } = decoded.type;
    if (name !== "driver.status" && name !== "driver.location") return drop("other event type");
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) {
      return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    }
    const { driver_id, status, city_id } = decoded.value as Readonly<Record<string, string | null | undefined>>;
    return forward({
      ...{ driverId: String(driver_id), id: envelope.id, timeMs, receivedAt: envelope.receivedAt },
      status: name === "driver.status" ? (status as DriverStatus) : null,
      cityId: city_id ?? null,
    });
  };
}
