import type { Column, DataColumn } from "./columns.ts";
import { envelopeColumns } from "./columns.ts";
import { eventTable, quoteName, quoteText, revisionColumn } from "./create-tables.ts";
import type { StoredTable } from "./event-types.ts";

/** One event table as the sink writes it: its statements, built once, and how careful to be with it at the moment. */
export type EventTable = {
  readonly name: string;
  readonly columns: readonly DataColumn[];
  /** COPY straight into the table: the fastest way, and one that a single duplicate fails. */
  readonly copySql: string;
  /** `events`: a row for each event. `latest`: a row for each key, that of its newest event, so every row may meet another. */
  readonly keeps: StoredTable["keeps"];
  /** Whether what is read and stored is written into the audit ledger. */
  readonly counted: boolean;
  /** COPY into a temporary table and on from there, past duplicates. */
  readonly stage: {
    readonly createSql: string;
    readonly copySql: string;
    readonly insertSql: string;
    /** As `insertSql`, of `count` rows behind the first `from` ones. */
    insertPartSql(from: number, count: number): string;
  };
  readonly caution: Caution;
};

/** @param counted whether it is in the audit ledger; what goes through the stage is written there by the statement that stores it */
export function eventTableOf(
  { tableName: name, columns, keeps, keyColumn }: StoredTable,
  { counted = false }: { readonly counted?: boolean } = {},
): EventTable {
  const all: readonly Column[] = [...envelopeColumns, ...columns];
  const list = all.map((column) => quoteName(column.name)).join(", ");
  const stage = quoteName(`stage_${name}`);
  return {
    name,
    columns,
    keeps,
    counted,
    copySql: `copy ${eventTable(name)} (${list}) from stdin (format binary)`,
    stage: {
      createSql: `create temporary table if not exists ${stage} (like ${eventTable(name)}) on commit delete rows`,
      copySql: `copy pg_temp.${stage} (${list}) from stdin (format binary)`,
      insertSql: insertSql(`pg_temp.${stage}`),
      // A temporary table that was only copied into has its rows in the order of the COPY.
      insertPartSql: (from, count) =>
        insertSql(`(select * from pg_temp.${stage} order by ctid offset ${from} limit ${count}) as part`),
    },
    caution: new Caution(),
  };

  /** From the stage into the table, where of two rows for the same place one must give way. */
  function insertSql(source: string): string {
    const into = `insert into ${eventTable(name)} as stored (${list})`;
    const others = all.filter((column) => !place().includes(column.name));
    const update = `do update set ${others.map(({ name: of }) => `${quoteName(of)} = excluded.${quoteName(of)}`).join(", ")}`;
    const key = place().map(quoteName).join(", ");
    if (keeps === "latest") {
      return `${into} select distinct on (${key}) ${list} from ${source} order by ${key}, occurred_at desc, event_id collate "C" desc
        on conflict (${key}) ${update}
        where (excluded.occurred_at, excluded.event_id collate "C") > (stored.occurred_at, stored.event_id collate "C")`;
    }
    if (!columns.some((column) => column.name === revisionColumn)) {
      return withCount(`${into} select ${list} from ${source} on conflict do nothing`, "stored");
    }
    const isThere = place().map((of) => `there.${quoteName(of)} = staged.${quoteName(of)}`);
    return withCount(
      `${into} select distinct on (${key}) ${list} from ${source} order by ${key}, ${revisionColumn} desc nulls last
      on conflict (${key}) ${update} where excluded.${revisionColumn} > coalesce(stored.${revisionColumn}, 0)`,
      // A revision takes the place of a row, so what counts is what was not there, as the statement sees the table.
      `(select distinct ${key} from (select * from ${source}) as staged
        where not exists (select from ${eventTable(name)} as there where ${isThere.join(" and ")}))`,
    );
  }

  /** The same statement, which touches as many rows and also writes into the ledger those of `fresh`. */
  function withCount(insert: string, fresh: string): string {
    if (!counted) return insert;
    return `with stored as (${insert} returning event_id, occurred_at), counted as (
      insert into audit.flushed (event_table, minute, stored, stored_print)
      select ${quoteText(name)}, date_bin('1 minute', occurred_at, 'epoch'), count(*), sum(audit.fingerprint(event_id)) from ${fresh} as fresh group by 2
    ) select from stored`;
  }

  function place(): readonly string[] {
    return keeps === "latest" ? [keyColumn] : ["event_id", "occurred_at"];
  }
}

/**
 * Whether to expect duplicates. A duplicate that failed a flush makes the next ones go through the stage: 16 of them, twice as
 * many each time it happens again soon, up to 1,024; flushes that meet no duplicate count down. So a replay of known events
 * costs one failed attempt and not one a flush.
 */
export class Caution {
  #flushes = 0;
  #penalty = 16;

  get expectsDuplicates(): boolean {
    return this.#flushes > 0;
  }

  surprised(): void {
    this.#flushes = this.#penalty;
    this.#penalty = Math.min(1_024, this.#penalty * 2);
  }

  staged(duplicates: number): void {
    if (duplicates > 0) this.#flushes = Math.max(this.#flushes, 16);
    else if (this.#flushes > 0) this.#flushes--;
    if (this.#flushes === 0) this.#penalty = 16;
  }
}
