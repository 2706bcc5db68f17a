import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import { messageOf } from "../../runtime/index.ts";
import { compareSchemas, type Decoded, releasesOf, type Schemas } from "../../schemas/index.ts";
import { masked, personalOf } from "./mask.ts";
import {
  type Content,
  type EventDetail,
  type EventStatus,
  type LiveEvent,
  maskText,
  maxDataChars,
  maxShownBytes,
} from "./shapes.ts";

/** A record and where it is. */
export type PlacedRecord = { readonly topic: string; readonly partition: number; readonly record: KafkaRecord };

/** What the headers say, nothing decoded and nothing masked. */
export type EventHead = Omit<LiveEvent, "data" | "problem" | "open">;

/** The event of a record by its headers; what another program wrote there without them has dashes. */
export function headOf({ topic, partition, record }: PlacedRecord, status: EventStatus): EventHead {
  // Each access decodes them anew.
  const { headers } = record;
  const text = (name: string) => headerText({ headers }, name);
  return {
    ...{ topic, partition, offset: record.offset, status },
    id: text("ce_id") ?? "–",
    type: text("ce_type") ?? "–",
    key: text("ce_subject") ?? record.key?.toString() ?? "–",
    time: text("ce_time") ?? "–",
    arrivedAt: Number(record.timestamp),
  };
}

/** Keys are mostly those of a person: the key for who may not see these. */
export function maskedKey(head: EventHead, schemas: Schemas): string {
  const type = schemas.catalogue.types.get(head.type);
  const isOpen = head.status !== "quarantined" && type !== undefined && !personalOf(type).has(type.keyField);
  return isOpen ? head.key : maskText;
}

/** What an event holds, for who may see all of it and for who may not. */
export type Described = { readonly open: Content; readonly masked: Content; readonly problem?: string };

export async function describe(placed: PlacedRecord, head: EventHead, schemas: Schemas): Promise<Described> {
  const { key, status } = head;
  const keyForAll = maskedKey(head, schemas);
  if (status === "quarantined") {
    // What was not accepted is of no schema that could say what of it is personal.
    const data = cut(placed.record.value?.toString("utf8") ?? "");
    return { open: { key, data }, masked: { key: keyForAll, data: "" }, problem: reasonOf(placed) };
  }
  const read = await readValue(placed.record, schemas);
  const reasons = status === "dead-letter" ? [reasonOf(placed)] : [];
  if (!read.ok) reasons.push(`cannot be decoded: ${read.reason}`);
  const problem = reasons.length === 0 ? {} : { problem: reasons.join("; ") };
  if (!read.ok) return { open: { key, data: "" }, masked: { key: keyForAll, data: "" }, ...problem };
  const data = cut(jsonOf(read.value));
  const dataForAll = cut(jsonOf(masked(read.value, personalOf(read.type))));
  return { open: { key, data }, masked: { key: keyForAll, data: dataForAll }, ...problem };
}

/** Everything in a record. @param seesAll false: personal values are masked */
export async function detailOf(
  placed: PlacedRecord,
  status: EventStatus,
  schemas: Schemas,
  seesAll: boolean,
): Promise<EventDetail> {
  const { record } = placed;
  const known = headOf(placed, status);
  const head = seesAll ? known : { ...known, key: maskedKey(known, schemas) };
  const value = record.value ?? Buffer.alloc(0);
  const { headers } = record;
  const rest = {
    headers: Object.keys(headers).map((name) => {
      const isPersonal = !seesAll && personalHeaders.has(name);
      return { name, value: isPersonal ? maskText : (headerText({ headers }, name) ?? "") };
    }),
    size: value.length,
    ...(seesAll ? { bytes: value.subarray(0, maxShownBytes).toString("base64") } : {}),
  };
  if (status === "quarantined") {
    const original = seesAll ? { data: parsed(value) } : {};
    return { ...head, ...rest, ...original, problem: reasonOf(placed), masked: seesAll ? [] : ["all"] };
  }
  const read = await readValue(record, schemas);
  const reason = status === "dead-letter" ? { problem: reasonOf(placed) } : {};
  if (!read.ok) return { ...head, ...rest, problem: `cannot be decoded: ${read.reason}`, ...reason, masked: [] };
  const personal = personalOf(read.type);
  const data = JSON.parse(jsonOf(seesAll ? read.value : masked(read.value, personal))) as unknown;
  const schema = { name: read.type.fullName, id: read.schemaId, ...(await releaseOf(read, schemas)) };
  const hidden = seesAll ? [] : Object.keys(read.value).filter((name) => personal.has(name));
  return { ...head, ...rest, ...reason, data, schema, masked: hidden };
}

/** Headers that may hold the key or the sender of an event, or parts of what it said. */
const personalHeaders: ReadonlySet<string> = new Set([
  ...["ce_subject", "quarantine_token_subject", "quarantine_violations", "dl_message", "dl_reason", "dl_key"],
]);

/** The release that a record was written with; empty for a schema that was never released. */
async function releaseOf(
  { type, schemaId }: Extract<Decoded, { ok: true }>,
  schemas: Schemas,
): Promise<{ readonly version?: number }> {
  const writer = (await schemas.writerOf(schemaId))?.schema;
  if (typeof writer !== "object" || writer === null || Array.isArray(writer)) return {};
  const found = releasesOf(type.name, type.folder).findLast(({ schema }) => {
    const { topic, key } = schema;
    // The registry may keep the schema alone.
    const written = { ...writer, topic, key } as typeof schema;
    return compareSchemas(schema, written).length === 0;
  });
  return found === undefined ? {} : { version: found.version };
}

async function readValue(record: KafkaRecord, schemas: Schemas): Promise<Decoded | { ok: false; reason: string }> {
  if (record.value === null) return { ok: false, reason: "it is empty (a tombstone)" };
  try {
    return await schemas.decode(record.value);
  } catch (error) {
    // The registry is away and the schema is new here: the event is shown all the same.
    return { ok: false, reason: messageOf(error) };
  }
}

/** The code why an event is where it is, without values of it. */
function reasonOf({ record }: PlacedRecord): string {
  const { headers } = record;
  const names = ["quarantine_code", "dl_code", "dl_step"];
  return names.flatMap((name) => headerText({ headers }, name) ?? []).join(", ") || "no reason is told";
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString("utf8"));
  } catch {
    return value.toString("utf8");
  }
}

/** JSON of decoded data: 64-bit numbers as text. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === "bigint" ? String(each) : each)) ?? "";
}

const cut = (text: string) => (text.length > maxDataChars ? `${text.slice(0, maxDataChars)}…` : text);
