import { crc32 } from "node:zlib";
import { HeaderReader, type KafkaRecord } from "../kafka/index.ts";

/** Events of one type and minute among some records of a partition. */
export type RecordCount = {
  readonly type: string;
  /** Minutes since 1970. */
  readonly minute: number;
  events: number;
  /** The sum of the fingerprints of their ids; see `audit.fingerprint`. */
  print: number;
  readonly first: string;
  last: string;
};

export const minuteMs = 60_000;
const [id, type, time] = [0, 1, 2] as const;

/** Counts records by event type and minute; of each only three headers are read. Records without id, type or time are no events, and those of other types not counted. */
export function createRecordCounter(types: ReadonlySet<string>): (records: readonly KafkaRecord[]) => RecordCount[] {
  const headers = new HeaderReader(["ce_id", "ce_type", "ce_time"]);
  return (records) => {
    const counts = new Map<string, RecordCount>();
    for (const record of records) {
      headers.open(record);
      const ofType = headers.text(type);
      const size = headers.sizes[id] as number;
      const minute = Math.floor(Date.parse(headers.text(time) ?? "") / minuteMs);
      if (ofType === undefined || size <= 0 || Number.isNaN(minute) || !types.has(ofType)) continue;
      const start = headers.starts[id] as number;
      const print = crc32(headers.bytes.subarray(start, start + size));
      const key = `${minute} ${ofType}`;
      const count = counts.get(key);
      if (count === undefined) {
        counts.set(key, { type: ofType, minute, events: 1, print, first: record.offset, last: record.offset });
      } else {
        count.events += 1;
        count.print += print;
        count.last = record.offset;
      }
    }
    return [...counts.values()];
  };
}
