import type { KafkaRecord } from "../../kafka/index.ts";
import type { EventType, Projection, Schemas } from "../../schemas/index.ts";
import type { Origin, Reader } from "../flow.ts";
import { deadLetter, forward, type Verdict } from "../step.ts";
import type { Enriching } from "./enriching.ts";

type Reading = Pick<Schemas, "decode" | "decoderFor" | "projection" | "encode">;

/** How to read the records of one schema id. `current`: their bytes may be handed on and appended to. */
type Layout = { readonly type: EventType; readonly current: boolean; readonly project: Projection };

const wanted = ["latitude", "longitude", "driver_id", "vehicle_id"];

/**
 * Reads what enrichment needs of an event (position, driver, vehicle) and steps over the rest of its bytes. Bytes of an older
 * version of the type are decoded and written anew as our version, so that the enrichment can be appended to them.
 */
export function readPosition(schemas: Reading): Reader<Enriching> {
  const layouts = new Map<number, Layout>();

  return function readPosition(record, origin) {
    const { value } = record;
    if (value === null) return deadLetter("record_framing_invalid", "the record has no value");
    const layout = value.length > 5 && value[0] === 0 ? layouts.get(value.readInt32BE(1)) : undefined;
    if (layout?.current === true) {
      const fields = layout.project(value);
      if (fields !== undefined) return enriching(record, origin, layout.type, value, fields);
    }
    return decode(schemas, layouts, value, record, origin);
  };
}

/** The way of the first record of each schema id, of old versions, and of bad bytes. */
function decode(
  schemas: Reading,
  layouts: Map<number, Layout>,
  value: Buffer,
  record: KafkaRecord,
  origin: Origin,
): Verdict<Enriching> | Promise<Verdict<Enriching>> {
  const judge = (decoded: Awaited<ReturnType<Schemas["decode"]>>): Verdict<Enriching> => {
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const { type, variant, schemaId } = decoded;
    if (variant !== "base" || type.enriched === undefined || type.topic !== origin.topic) {
      return deadLetter("stream_event_unexpected", `a ${variant} ${type.name} in ${origin.topic}`);
    }
    const names = type.fields.map((field) => field.name);
    const project = schemas.projection(
      schemaId,
      wanted.filter((name) => names.includes(name)),
    );
    const current = schemas.decoderFor(schemaId)?.current ?? false;
    if (project !== undefined) layouts.set(schemaId, { type, current, project });
    const body = current ? value : schemas.encode(type.name, decoded.value);
    return enriching(record, origin, type, body, decoded.value);
  };
  const decoded = schemas.decode(value);
  return decoded instanceof Promise ? decoded.then(judge) : judge(decoded);
}

function enriching(
  source: KafkaRecord,
  origin: Origin,
  type: EventType,
  body: Buffer,
  fields: Readonly<Record<string, unknown>>,
): Verdict<Enriching> {
  const { headers } = source;
  const time = Array.isArray(headers.ce_time) ? headers.ce_time[0] : headers.ce_time;
  if (headers.ce_id === undefined || headers.ce_type === undefined || time === undefined) {
    return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
  }
  return forward({
    event: { source, partition: origin.partition, type, body, time, timeMs: undefined },
    latitude: (fields.latitude as number | null | undefined) ?? null,
    longitude: (fields.longitude as number | null | undefined) ?? null,
    driverId: (fields.driver_id as string | null | undefined) ?? null,
    vehicleId: (fields.vehicle_id as string | null | undefined) ?? null,
    driver: null,
    vehicle: null,
    cell: null,
    cityId: null,
    missing: noneMissing,
  });
}

const noneMissing: Enriching["missing"] = [];
