import type { ColumnType } from "../../../sinks/postgres/columns.ts";

/** Reads rows of binary COPY data back, by the manual's description of the format, independently of the writer. */
export function readRows(bytes: Buffer, types: readonly ColumnType[]): unknown[][] {
  const rows: unknown[][] = [];
  let at = 0;
  while (at < bytes.length) {
    const count = bytes.readInt16BE(at);
    at += 2;
    if (count !== types.length) throw new Error(`a row has ${count} fields, not ${types.length}`);
    rows.push(
      types.map((type) => {
        const length = bytes.readInt32BE(at);
        at += 4;
        if (length < 0) return null;
        at += length;
        return fieldValue(type, bytes.subarray(at - length, at));
      }),
    );
  }
  return rows;
}

function fieldValue(type: ColumnType, field: Buffer): unknown {
  switch (type) {
    case "text":
      return field.toString("utf8");
    case "integer":
      return field.readInt32BE(0);
    case "bigint":
      return field.readBigInt64BE(0);
    case "timestamptz":
    case "timestamp":
      return field.readBigInt64BE(0) + 946_684_800_000_000n;
    case "date":
      return field.readInt32BE(0) + 10_957;
    case "time":
      return field.readBigInt64BE(0);
    case "uuid":
    case "numeric":
      return field.toString("hex");
    case "double precision":
      return field.readDoubleBE(0);
    case "boolean":
      return field[0] === 1;
    case "bytea":
      return Buffer.from(field);
    case "jsonb":
      if (field[0] !== 1) throw new Error("jsonb has an unknown version");
      return JSON.parse(field.toString("utf8", 1));
  }
}
