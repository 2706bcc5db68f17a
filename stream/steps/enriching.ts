import type { KafkaRecord } from "../../kafka/index.ts";
import type { EventType } from "../../schemas/index.ts";
import type { Driver } from "../reference/drivers.ts";
import type { Vehicle } from "../reference/vehicles.ts";

/** What could not be joined. A consequence is not listed beside its cause: without a position there is no city to look for. */
export type Missing = "driver" | "vehicle" | "position" | "city";

/** What no step changes, apart, so that the copy that each step makes is small. */
export type EnrichedEvent = {
  readonly source: KafkaRecord;
  readonly partition: number;
  readonly type: EventType;
  /** The record's value, framed, laid out as our own version of the type writes it. */
  readonly body: Buffer;
  /** The event's own time as the app wrote it. */
  readonly time: Buffer | string;
  /** The same as ms since 1970, once somebody has asked {@link eventTimeOf}. */
  timeMs: number | undefined;
};

/** An event on its way through the enriching steps: what they need of it, and what they have found. */
export type Enriching = {
  readonly event: EnrichedEvent;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly driverId: string | null;
  /** The event's own, or after `joinDriver` that of the driver's profile. */
  readonly vehicleId: string | null;
  readonly driver: Driver | null;
  readonly vehicle: Vehicle | null;
  /** H3 index, resolution 8, lower-case hexadecimal. */
  readonly cell: string | null;
  readonly cityId: string | null;
  readonly missing: readonly Missing[];
};

/** The event's own time, ms since 1970; NaN when it cannot be read. Asked for only where it matters: it costs as much as a step. */
export function eventTimeOf({ event }: Enriching): number {
  event.timeMs ??= Date.parse(event.time.toString());
  return event.timeMs;
}

/** The list with one more, without touching the old one. */
export function alsoMissing(record: Enriching, what: Missing): readonly Missing[] {
  return [...record.missing, what];
}
