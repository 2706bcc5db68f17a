import { headerText, type KafkaRecord } from "../kafka/index.ts";
import type { Transaction } from "../store/index.ts";
import type { Rejection } from "./sink.ts";

/** A letter that was redriven is open again: its record was stored then, so the ledger has it. One that is open stays as it is. */
const insertSql = `
  insert into pipeline.dead_letters as l
    (counted, consumer, topic, partition, record_offset, reason, sql_state, message, schema_id, key, value, headers, record_time)
  select $13, $1, $2, $3, r.* from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bytea[], $10::bytea[], $11::jsonb[], $12::timestamptz[])
    as r(record_offset, reason, sql_state, message, schema_id, key, value, headers, record_time)
  on conflict (consumer, topic, partition, record_offset) do update set
    state = 'open', counted = true, attempts = l.attempts + 1, tried_at = clock_timestamp(), at = clock_timestamp(), record_time = excluded.record_time,
    reason = excluded.reason, sql_state = excluded.sql_state, message = excluded.message
  where l.state = 'redriven'`;

/**
 * Keeps rejected records, with their bytes, in the transaction that moves the checkpoint over them.
 * @param counted whether the audit ledger has them as stored already, as when a replay cannot store again what was deleted
 */
export async function insertDeadLetters(
  tx: Transaction,
  from: { readonly consumer: string; readonly topic: string; readonly partition: number },
  rejections: readonly Rejection[],
  counted = false,
): Promise<void> {
  if (rejections.length === 0) return;
  const column = <T>(value: (rejection: Rejection) => T): T[] => rejections.map(value);
  await tx.execute(insertSql, [
    from.consumer,
    from.topic,
    from.partition,
    column((r) => r.record.offset),
    column((r) => r.reason),
    column((r) => r.sqlState ?? null),
    column((r) => messageToKeep(r.message)),
    column((r) => r.schemaId ?? null),
    column((r) => r.record.key),
    column((r) => r.record.value),
    column((r) => JSON.stringify(headersOf(r.record))),
    column((r) => new Date(Number(r.record.timestamp))),
    counted,
  ]);
}

/** What Postgres can keep of a message. */
export function messageToKeep(message: string): string {
  return message.replaceAll("\0", "\u2400").slice(0, 2_000);
}

const isText = (bytes: Buffer): boolean => {
  const text = bytes.toString("utf8");
  return !text.includes("\0") && Buffer.from(text, "utf8").equals(bytes);
};

function headersOf(record: KafkaRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record.headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value;
      if (first === undefined) return [];
      const bytes = Buffer.from(first);
      const shown = isText(bytes) ? headerText(record, name) : { base64: bytes.toString("base64") };
      return [[name.replaceAll("\0", "\u2400"), shown]];
    }),
  );
}
