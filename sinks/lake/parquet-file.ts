import { zstdCompressSync } from "node:zlib";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { LakeColumn, LakeEvent } from "./columns.ts";

/** Rows that become one file, column by column. */
export class FileRows {
  readonly columns: readonly LakeColumn[];
  readonly values: readonly unknown[][];
  rows = 0;

  constructor(columns: readonly LakeColumn[]) {
    this.columns = columns;
    this.values = columns.map(() => []);
  }

  /** Adds one event, or throws and leaves the rows as they were. */
  add(event: LakeEvent): void {
    const row = this.columns.map(({ pick }) => pick(event));
    row.forEach((value, i) => {
      this.values[i]?.push(value);
    });
    this.rows++;
  }
}

/**
 * The bytes of a Parquet file: Zstandard, statistics for every column, one group of rows (a file holds at most what one flush gathers).
 * @param facts kept in the file's footer as key and value
 */
export function parquetFile(rows: FileRows, facts: Readonly<Record<string, string>>): Buffer {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: "event", num_children: rows.columns.length }, ...rows.columns.map(({ element }) => element)],
    codec: "ZSTD",
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    kvMetadata: Object.entries(facts).map(([key, value]) => ({ key, value })),
    createdBy: "hailstream",
  });
  const columnData = rows.columns.map(({ element }, i) => ({ name: element.name, data: rows.values[i] as unknown[] }));
  parquet.write({ columnData, rowGroupSize: Math.max(1, rows.rows) });
  parquet.finish();
  return Buffer.from(writer.getBuffer());
}
