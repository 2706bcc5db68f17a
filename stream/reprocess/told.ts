import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Told } from "./comparison.ts";

/**
 * Reads what a processor told. A record without a subject is about itself. Undefined for a record that cannot be read: it is no result.
 * @throws PipelineError schema_registry_unreachable
 */
export async function toldOf(
  schemas: Pick<Schemas, "decode">,
  record: OutboxRecord,
  at: { readonly atMs: number; readonly partition?: number },
): Promise<Told | undefined> {
  const value = record.value ?? Buffer.alloc(0);
  // The schema is known from here on, so reading it again waits for nobody.
  const decoded = await schemas.decode(value);
  if (!decoded.ok) return undefined;
  const about = record.headers.ce_subject ?? record.headers.ce_id ?? record.key ?? "";
  return {
    record,
    subject: `${decoded.type.name} ${about}`,
    data() {
      const again = schemas.decode(value);
      return again instanceof Promise || !again.ok ? {} : again.value;
    },
    ...at,
  };
}

/** A record of a topic as a processor decided upon it; a copy, for a fetched batch is one large buffer. */
export function asDecided(topic: string, { key, value, headers }: KafkaRecord): OutboxRecord {
  const names = ["ce_id", "ce_subject"];
  const kept = names.flatMap((name) => {
    const text = headerText({ headers }, name);
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    topic,
    key: key?.toString() ?? null,
    value: value === null ? null : Buffer.from(value),
    headers: Object.fromEntries(kept),
  };
}
