import type { KafkaRecord } from "../../kafka/index.ts";
import { messageOf } from "../../runtime/index.ts";
import type { Rejection } from "../sink.ts";
import { type LakeColumn, type LakeEvent, occurredAtOf } from "./columns.ts";
import { FileRows } from "./parquet-file.ts";

/** How a decoded value becomes a row of which type, or why it never can. */
export type Read =
  | {
      readonly ok: true;
      readonly type: string;
      readonly columns: readonly LakeColumn[];
      readonly schemaId: number;
      readonly data: Readonly<Record<string, unknown>>;
    }
  | ({ readonly ok: false } & Omit<Rejection, "record">);

/** The events of one type and one hour, which become one file. */
export type GatheredFile = {
  readonly type: string;
  readonly date: string;
  readonly hour: number;
  readonly rows: FileRows;
};

/** What is read of one partition and not yet stored: rows for files, and records that cannot become rows. */
export class Gathered {
  readonly partition: number;
  /** The offset of the first record that is in here. */
  readonly first: bigint;
  /** The group join under which it was read. */
  readonly generation: number;
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
  readonly files = new Map<string, GatheredFile>();
  readonly rejections: Rejection[] = [];
  next: bigint;
  bytes = 0;
  rows = 0;

  constructor(from: { partition: number; first: bigint; generation: number; since: number }) {
    this.partition = from.partition;
    this.first = from.first;
    this.next = from.first;
    this.generation = from.generation;
    this.since = from.since;
  }

  add(record: KafkaRecord, read: Read): void {
    this.bytes += (record.value?.length ?? 0) + (record.rawHeaders?.bytes.length ?? 0);
    if (!read.ok) {
      this.rejections.push({ ...read, record });
      return;
    }
    const { headers } = record;
    const occurredAt = occurredAtOf(headers);
    if (occurredAt === undefined || headers.ce_id === undefined) {
      const message = "the header ce_id or ce_time is missing, or ce_time is no RFC 3339 time";
      this.rejections.push({ record, reason: "sink_envelope_invalid", message, schemaId: read.schemaId });
      return;
    }
    const { type, columns, schemaId, data } = read;
    const event: LakeEvent = { record, headers, partition: this.partition, schemaId, occurredAt, data };
    try {
      this.fileOf(type, columns, occurredAt.ms).rows.add(event);
      this.rows++;
    } catch (error) {
      this.rejections.push({ record, reason: "sink_value_out_of_range", message: messageOf(error), schemaId });
    }
  }

  private fileOf(type: string, columns: readonly LakeColumn[], ms: number): GatheredFile {
    const time = new Date(ms).toISOString();
    // A year beyond 9999 has a sign and two digits more.
    const date = time.slice(0, time.indexOf("T"));
    const hour = Number(time.slice(time.indexOf("T") + 1, time.indexOf("T") + 3));
    const key = `${type} ${date} ${hour}`;
    let file = this.files.get(key);
    if (file === undefined) {
      file = { type, date, hour, rows: new FileRows(columns) };
      this.files.set(key, file);
    }
    return file;
  }
}
