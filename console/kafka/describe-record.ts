import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import { messageOf } from "../../runtime/index.ts";
import type { Decoded, Schemas } from "../../schemas/index.ts";
import { masked, personalOf } from "../live/mask.ts";
import { maskText } from "../live/shapes.ts";
import { maxShownBytes, type RecordRow } from "./shapes.ts";

/** What stands in these headers names nobody; any other may. */
const openHeaders: ReadonlySet<string> = new Set([
  ...["ce_id", "ce_type", "ce_source", "ce_time", "received_at", "traceparent"],
  ...["quarantine_code", "dl_code", "dl_step", "dl_topic", "dl_partition", "dl_offset"],
]);

/**
 * A record as a row: decoded by its schema where it has one, else as JSON where it is that, else its bytes and the reason. Never throws for what a record holds.
 * @param seesAll false: personal values are masked, and so is everything of which no schema says what is personal
 */
export async function describeRecord(record: KafkaRecord, schemas: Schemas, seesAll: boolean): Promise<RecordRow> {
  const { offset, timestamp, value } = record;
  // Each access may decode them anew.
  const headers = record.headers;
  const names = Object.keys(headers);
  const type = headerText({ headers }, "ce_type") ?? null;
  const content = await contentOf(value, schemas, seesAll);
  return {
    ...{ offset, arrivedAt: Number(timestamp), type, size: value?.length ?? 0 },
    key: keyOf(record, content.keyIsOpen || seesAll),
    ...content.shown,
    headers: names.map((name) => ({
      name,
      value: seesAll || openHeaders.has(name) ? (headerText({ headers }, name) ?? "") : maskText,
    })),
    ...(seesAll && value !== null ? { bytes: value.subarray(0, maxShownBytes).toString("base64") } : {}),
  };
}

type Content = {
  readonly shown: Pick<RecordRow, "data" | "schema" | "problem" | "masked">;
  /** Whether its schema says that the key is nobody's. */
  readonly keyIsOpen: boolean;
};

async function contentOf(value: Buffer | null, schemas: Schemas, seesAll: boolean): Promise<Content> {
  if (value === null) {
    return { shown: { problem: "It has no value: a tombstone, which deletes its key.", masked: [] }, keyIsOpen: false };
  }
  const read = await decoded(value, schemas);
  if (read.ok) {
    const personal = personalOf(read.type);
    const data = plain(seesAll ? read.value : masked(read.value, personal));
    const hidden = seesAll ? [] : Object.keys(read.value).filter((name) => personal.has(name));
    const schema = `${read.type.fullName}${read.variant === "enriched" ? ", enriched" : ""}, id ${read.schemaId}`;
    return { shown: { data, schema, masked: hidden }, keyIsOpen: !personal.has(read.type.keyField) };
  }
  const json = jsonIn(value);
  if (json === undefined) return { shown: { problem: read.reason, masked: [] }, keyIsOpen: false };
  const schema = "JSON without a schema";
  if (seesAll) return { shown: { data: json, schema, masked: [] }, keyIsOpen: false };
  const problem = "No schema says what of it is personal, so it is shown to the role operate only.";
  return { shown: { schema, problem, masked: ["all"] }, keyIsOpen: false };
}

async function decoded(value: Buffer, schemas: Schemas): Promise<Decoded | { ok: false; reason: string }> {
  try {
    const read = await schemas.decode(value);
    return read.ok ? read : { ok: false, reason: `${read.reason} [${read.code}]` };
  } catch (error) {
    // The registry is away and the schema is new here: the record is shown all the same.
    return { ok: false, reason: messageOf(error) };
  }
}

function keyOf({ key }: KafkaRecord, isOpen: boolean): string | null {
  if (key === null) return null;
  if (!isOpen) return maskText;
  const text = key.toString("utf8");
  return Buffer.from(text, "utf8").equals(key) ? text : `0x${key.toString("hex")}`;
}

/** Undefined for what is no JSON, or a value alone, which may be anything. */
function jsonIn(value: Buffer): unknown {
  if (value[0] !== 0x7b && value[0] !== 0x5b) return undefined;
  try {
    return JSON.parse(value.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** 64-bit numbers as text, and bytes as Node writes them. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, each: unknown) => (typeof each === "bigint" ? String(each) : each)),
  ) as unknown;
}
