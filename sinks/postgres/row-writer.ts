import { HeaderReader, type KafkaRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import { AvroReader, unreadable } from "./avro-reader.ts";
import type { AvroField } from "./avro-type.ts";
import { type Column, type DataColumn, envelopeColumns } from "./columns.ts";
import { type Instant, readRfc3339At } from "./rfc3339.ts";
import { RowBuffer } from "./row-buffer.ts";
import { defaultFieldOf, type FieldWriter, fieldWriterOf } from "./write-field.ts";

/** Where a record was read. */
export type RowSource = { readonly topic: string; readonly partition: number };

/** Appends the row of one record, or throws and leaves the buffer as it was; gives the minute of the event since 1970. */
export type RowWriter = (record: KafkaRecord, value: Buffer, to: RowBuffer, source: RowSource) => number;

/** Columns in front of the envelope's, and how a record fills them. */
export type LeadingColumns = {
  readonly columns: readonly Column[];
  write(record: KafkaRecord, source: RowSource, to: RowBuffer): void;
};

/** Appends the data of a record, whose Avro bytes begin at `bodyStart` of its value, as fields of a row. */
export type BodyWriter = (value: Buffer, to: RowBuffer) => void;

/** Behind magic byte and schema id. */
export const bodyStart = 5;
const minuteMs = 60_000;
/** The headers that the envelope's columns come from. */
const names = [
  "ce_id",
  "ce_time",
  "received_at",
  "ce_source",
  "ce_subject",
  "time_corrected",
  "time_error_ms",
  "time_flag",
];
const [id, occurred, received, origin, subject, corrected, correction, flag] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** The largest value of the column type integer. */
const maxInteger = 2 ** 31 - 1;

/**
 * Compiles the way from one writer's schema to the columns of a table: Avro bytes become COPY bytes without an object a record or
 * a value a field in between.
 *
 * @param writerFields of the schema that the records were written with, in its order
 * @param columns the table's data columns, from the newest schema; a field that has no column is read and left out
 * @throws PipelineError sink_record_unreadable when the schema cannot be resolved into the columns
 */
export function compileRowWriter(
  schemaId: number,
  writerFields: readonly AvroField[],
  columns: readonly DataColumn[],
  leading?: LeadingColumns,
): RowWriter {
  const writeFields = compileBody(writerFields, columns);
  const reader = new AvroReader();
  return rowWriterOf(
    schemaId,
    columns.length,
    (value, to) => {
      reader.open(value, bodyStart);
      writeFields(reader, to);
      reader.finish();
    },
    leading,
  );
}

/** A row: leading columns where there are such, the envelope, and what `writeBody` makes of the value. */
export function rowWriterOf(
  schemaId: number,
  bodyFields: number,
  writeBody: BodyWriter,
  leading?: LeadingColumns,
): RowWriter {
  const fieldCount = (leading?.columns.length ?? 0) + envelopeColumns.length + bodyFields;
  const time: Instant = { ms: 0, micros: 0 };
  const headers = new HeaderReader(names);

  return (record, value, to, source) => {
    to.startRow(fieldCount);
    try {
      if (leading !== undefined) leading.write(record, source, to);
      headers.open(record);
      const { bytes, starts, sizes } = headers;
      if ((sizes[id] as number) <= 0) throw badEnvelope("the record has no header ce_id");
      if (!readRfc3339At(bytes, starts[occurred] as number, sizes[occurred] as number, time)) {
        throw badEnvelope("the header ce_time is missing or is no RFC 3339 time");
      }
      writeText(to, headers, id);
      to.timestamp(time.ms, time.micros);
      to.timestamp(receivedAt(headers, record));
      writeText(to, headers, origin);
      writeText(to, headers, subject);
      to.integer(schemaId);
      writeTimes(to, headers);
      writeBody(value, to);
      return Math.floor(time.ms / minuteMs);
    } catch (error) {
      to.abandonRow();
      throw error;
    }
  };
}

function compileBody(writerFields: readonly AvroField[], columns: readonly DataColumn[]): FieldWriter {
  const places = new Map(columns.map((column, place) => [column.field.name, place]));
  const steps = writerFields.map((field) => {
    const place = places.get(field.name);
    const column = place === undefined ? undefined : columns[place];
    if (place === undefined || column === undefined) return { place: undefined, write: skip(field) };
    const write = fieldWriterOf(field.type, column.type);
    if (write === undefined) {
      throw unreadable(`the field ${field.name} was written with a type that cannot become ${column.type}`);
    }
    return { place, write };
  });
  const written = new Set(steps.map((step) => step.place));
  const defaults = columns.map((column, place) =>
    written.has(place) ? undefined : defaultFieldOf(column.field.default?.value, column.type, column.field.type),
  );
  const order = steps.flatMap((step) => step.place ?? []);
  const inOrder = order.every((place, i) => i === 0 || place > (order[i - 1] ?? -1));
  return inOrder ? straight(steps, defaults) : reordered(steps, defaults);
}

type Step = { readonly place: number | undefined; readonly write: FieldWriter };

/** The usual case: fields come in the order of the columns, absent ones are filled in on the way. */
function straight(steps: readonly Step[], defaults: readonly (Buffer | undefined)[]): FieldWriter {
  const all: FieldWriter[] = [];
  let next = 0;
  const fillUpTo = (place: number) => {
    for (; next < place; next++) {
      const field = defaults[next];
      if (field !== undefined) all.push((_from, to) => to.raw(field));
    }
    next++;
  };
  for (const step of steps) {
    if (step.place !== undefined) fillUpTo(step.place);
    all.push(step.write);
  }
  fillUpTo(defaults.length);
  return (from, to) => {
    for (let i = 0; i < all.length; i++) (all[i] as FieldWriter)(from, to);
  };
}

/** A schema whose fields lie in another order: each field is written aside, then all in the order of the columns. */
function reordered(steps: readonly Step[], defaults: readonly (Buffer | undefined)[]): FieldWriter {
  const aside = new RowBuffer(1_024);
  const starts = new Array<number>(defaults.length).fill(0);
  const ends = new Array<number>(defaults.length).fill(0);
  return (from, to) => {
    aside.at = 0;
    for (const step of steps) {
      const start = aside.at;
      step.write(from, aside);
      if (step.place === undefined) continue;
      starts[step.place] = start;
      ends[step.place] = aside.at;
    }
    defaults.forEach((field, place) => {
      to.raw(field ?? aside.bytes.subarray(starts[place], ends[place]));
    });
  };
}

function skip(field: AvroField): FieldWriter {
  return (from) => void from.value(field.type);
}

function writeText(to: RowBuffer, headers: HeaderReader, name: number): void {
  const size = headers.sizes[name] as number;
  if (size < 0) to.null();
  else to.textFrom(headers.bytes, headers.starts[name] as number, size);
}

function writeTimes(to: RowBuffer, headers: HeaderReader): void {
  if ((headers.sizes[corrected] as number) < 0 && (headers.sizes[flag] as number) < 0) {
    to.nulls(3);
    return;
  }
  const ms = wholeOf(headers.text(corrected));
  if (ms === undefined) to.null();
  else to.timestamp(ms);
  const error = ms === undefined ? undefined : wholeOf(headers.text(correction));
  if (error === undefined || error < 0 || error > maxInteger) to.null();
  else to.integer(error);
  writeText(to, headers, flag);
}

function wholeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The server's time of arrival; the broker's timestamp is the nearest thing to it for a record without the header. */
function receivedAt(headers: HeaderReader, record: KafkaRecord): number {
  const size = headers.sizes[received] as number;
  if (size < 0) return Number(record.timestamp);
  const start = headers.starts[received] as number;
  // Fifteen digits fit a double, and are more than any time has.
  if (size > 0 && size <= 15) {
    let value = 0;
    let i = start;
    for (; i < start + size; i++) {
      const digit = (headers.bytes[i] as number) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === start + size) return value;
  }
  const ms = Number(headers.text(received));
  return Number.isFinite(ms) ? ms : Number(record.timestamp);
}

function badEnvelope(message: string): PipelineError {
  return new PipelineError("sink_envelope_invalid", { message });
}
