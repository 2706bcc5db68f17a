import { isUtf8 } from "node:buffer";
import type { KafkaRecord } from "../../kafka/index.ts";
import type { Column } from "../postgres/columns.ts";
import { eventTable, quoteName } from "../postgres/create-tables.ts";
import { symbolForNul } from "../postgres/row-buffer.ts";
import type { LeadingColumns } from "../postgres/row-writer.ts";
import { NewKeys } from "./new-keys.ts";

/** The column that there is one row for each value of. */
export const keyColumn = "record_key";

const columns: readonly Column[] = [
  {
    name: keyColumn,
    type: "text",
    notNull: true,
    comment: "Key of the record in Kafka; there is one row a key, that of its last record.",
    // Often the id of a person.
    pii: "identifier",
  },
  { name: "record_topic", type: "text", notNull: true, comment: "Topic that the row's record was read from." },
  {
    name: "record_partition",
    type: "integer",
    notNull: true,
    comment: "Partition that the row's record was read from.",
  },
  {
    name: "record_offset",
    type: "bigint",
    notNull: true,
    comment:
      "Offset of the row's record: of two records of a key in one partition the one with the higher offset is valid.",
  },
  {
    name: "record_time",
    type: "timestamptz",
    notNull: true,
    comment: "When the row's record came to Kafka: decides between records of a key in different partitions.",
  },
];

/** What a table with a row a key begins with: the key, and where the row's record lies, which decides what replaces it. */
export const keyedColumns: LeadingColumns = {
  columns,
  write({ key, offset, timestamp }, { topic, partition }, to) {
    if (key === null) to.null();
    else to.textFrom(key, 0, key.length);
    to.text(topic);
    to.integer(partition);
    const position = BigInt(offset);
    to.bigint(Number(BigInt.asIntN(32, position >> 32n)), Number(BigInt.asIntN(32, position)));
    to.timestamp(Number(timestamp));
  },
};

/** The record's key as it stands in the table; undefined when it has none that Postgres can hold. */
export function keyTextOf({ key }: KafkaRecord): string | undefined {
  if (key === null || !isUtf8(key)) return undefined;
  const text = key.toString("utf8");
  return text.includes("\0") ? text.replaceAll("\0", symbolForNul) : text;
}

/** The statements that bring a table with a row a key to a newer state, whatever state it is in. */
export type UpsertTable = {
  readonly name: string;
  /** Straight into the table, for keys that it does not have. */
  readonly copySql: string;
  readonly newKeys: NewKeys;
  readonly stage: { readonly createSql: string; readonly copySql: string; readonly emptySql: string };
  /** From the stage into the table, past rows that are newer. */
  readonly upsertSql: string;
  /** Parameters: keys, offsets, times, the topic, the partition. Leaves rows that are newer. */
  readonly deleteSql: string;
};

/** @param all every column, in the order of the rows */
export function upsertTableOf(name: string, all: readonly Column[]): UpsertTable {
  const list = all.map((column) => quoteName(column.name)).join(", ");
  const stage = quoteName(`stage_${name}`).slice(0, 65);
  const changes = all
    .filter((column) => column.name !== keyColumn)
    .map((column) => `${quoteName(column.name)} = excluded.${quoteName(column.name)}`)
    .join(", ");
  return {
    name,
    copySql: `copy ${eventTable(name)} (${list}) from stdin (format binary)`,
    newKeys: new NewKeys(),
    stage: {
      createSql: `create temporary table if not exists ${stage} (like ${eventTable(name)}) on commit delete rows`,
      copySql: `copy pg_temp.${stage} (${list}) from stdin (format binary)`,
      emptySql: `delete from pg_temp.${stage}`,
    },
    upsertSql: `insert into ${eventTable(name)} as stored (${list}) select ${list} from pg_temp.${stage}
      on conflict (${keyColumn}) do update set ${changes}
      where case when (stored.record_topic, stored.record_partition) = (excluded.record_topic, excluded.record_partition)
        then stored.record_offset < excluded.record_offset else stored.record_time <= excluded.record_time end`,
    deleteSql: `delete from ${eventTable(name)} as stored
      using unnest($1::text[], $2::bigint[], $3::timestamptz[]) as gone (record_key, record_offset, record_time)
      where stored.record_key = gone.record_key
        and case when (stored.record_topic, stored.record_partition) = ($4, $5::int)
          then stored.record_offset < gone.record_offset else stored.record_time <= gone.record_time end`,
  };
}
