import { crc32 } from "node:zlib";
import type { Transaction } from "../../store/index.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** Events of one minute: how many, the sum of their ids' fingerprints, and the offsets that they lie between. */
type Count = { events: number; print: number; readonly first: string; last: string };

/** Behind the number of fields and the length of the first of them. */
const idStart = 6;

/** Counts the rows of a block by the minute of their events, for the audit ledger. */
export class MinuteCounts {
  readonly #counts = new Map<number, Count>();
  #minute = Number.NaN;
  #count: Count | undefined;

  /** Counts the row that begins at `start` and has its event's id as first field, as COPY gets it. */
  add(minute: number, offset: string, rows: RowBuffer, start: number): void {
    const { bytes } = rows;
    const print = crc32(bytes.subarray(start + idStart, start + idStart + bytes.readInt32BE(start + idStart - 4)));
    // Neighbours are mostly of the same minute.
    const count = minute === this.#minute ? this.#count : this.#counts.get(minute);
    if (count === undefined) {
      this.#count = { events: 1, print, first: offset, last: offset };
      this.#counts.set(minute, this.#count);
    } else {
      count.events += 1;
      count.print += print;
      count.last = offset;
      this.#count = count;
    }
    this.#minute = minute;
  }

  entries(): Iterable<readonly [minute: number, count: Readonly<Count>]> {
    return this.#counts;
  }
}

const insertSql = `
  insert into audit.flushed (topic, partition, event_table, minute, first_offset, last_offset, read, read_print, stored, stored_print)
  select $1, $2, r.event_table, to_timestamp(r.minute * 60), r.first_offset, r.last_offset, r.read, r.print,
    case when r.all_new then r.read else 0 end, case when r.all_new then r.print else 0 end
  from unnest($3::text[], $4::float8[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[])
    as r (event_table, minute, first_offset, last_offset, read, print, all_new)`;

/**
 * Writes into the ledger what a flush has read, in its transaction. Where all rows were new (`allNew`) they count as stored, too; where some had to give way,
 * the statement that stored the others has counted them itself.
 */
export async function writeCounts(
  tx: Transaction,
  from: { readonly topic: string; readonly partition: number },
  blocks: readonly { readonly table: string; readonly counts: MinuteCounts; readonly allNew: boolean }[],
): Promise<void> {
  const rows = blocks.flatMap(({ table, counts, allNew }) =>
    [...counts.entries()].map(([minute, count]) => ({ table, minute, allNew, ...count })),
  );
  if (rows.length === 0) return;
  await tx.execute(insertSql, [
    from.topic,
    from.partition,
    rows.map(({ table }) => table),
    rows.map(({ minute }) => minute),
    rows.map(({ first }) => first),
    rows.map(({ last }) => last),
    rows.map(({ events }) => events),
    rows.map(({ print }) => print),
    rows.map(({ allNew }) => allNew),
  ]);
}
