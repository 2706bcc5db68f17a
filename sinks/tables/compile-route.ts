import type { KafkaRecord } from "../../kafka/index.ts";
import { messageOf, PipelineError } from "../../runtime/index.ts";
import type { ConnectorConfig } from "../connectors/config.ts";
import { AvroReader } from "../postgres/avro-reader.ts";
import { type AvroField, recordFieldsOf } from "../postgres/avro-type.ts";
import type { DataColumn } from "../postgres/columns.ts";
import type { RowBuffer } from "../postgres/row-buffer.ts";
import { bodyStart, compileRowWriter, type RowSource, type RowWriter, rowWriterOf } from "../postgres/row-writer.ts";
import type { FindWriterSchema } from "../postgres/schema-routes.ts";
import { defaultFieldOf } from "../postgres/write-field.ts";
import type { PlannedTable, TablePlan } from "./plan-tables.ts";
import { readFields } from "./read-value.ts";
import { keyedColumns } from "./upsert-table.ts";
import { valueWriterOf } from "./write-value.ts";

/** Where a record goes, and how it becomes a row there. */
export type Destination = { readonly table: PlannedTable; append(to: RowBuffer): number };

/** What becomes of the records of one schema id. */
export type Route =
  | {
      readonly ok: true;
      /** Undefined: a filter holds the record back. @throws PipelineError about this one record */
      destinationOf(record: KafkaRecord, value: Buffer, source: RowSource): Destination | undefined;
    }
  | { readonly ok: false; readonly error: PipelineError };

/** Finds the schema behind an id and compiles the way from its bytes through the transforms into the tables of the plan. */
export async function compileRoute(
  schemaId: number,
  config: ConnectorConfig,
  plan: TablePlan,
  findWriter: FindWriterSchema,
): Promise<Route> {
  const writer = await findWriter(schemaId);
  if (writer === undefined) {
    return { ok: false, error: new PipelineError("sink_schema_unknown", { fields: { schemaId } }) };
  }
  const fields = recordFieldsOf(writer.schema);
  try {
    return config.chain.isEmpty
      ? plainRoute(schemaId, writer.type, fields)
      : transformedRoute(schemaId, writer.type, fields);
  } catch (error) {
    const unfit = new PipelineError("sink_record_unreadable", {
      message: messageOf(error),
      cause: error,
      fields: { schemaId },
    });
    return { ok: false, error: error instanceof PipelineError ? error : unfit };
  }

  /** Without transforms the bytes go the fast way. */
  function plainRoute(id: number, type: string, writerFields: readonly AvroField[]): Route {
    const writers = new Map<PlannedTable, RowWriter>();
    return {
      ok: true,
      destinationOf(record, value, source) {
        const table = plan.tableFor(type, source.topic);
        let write = writers.get(table);
        if (write === undefined) {
          write = compileRowWriter(id, writerFields, table.columns, leadingOf(config));
          writers.set(table, write);
        }
        const append = write;
        return { table, append: (to) => append(record, value, to, source) };
      },
    };
  }

  function transformedRoute(id: number, type: string, writerFields: readonly AvroField[]): Route {
    const { fields: after, apply } = config.chain.compile(writerFields);
    const reader = new AvroReader();
    const writers = new Map<PlannedTable, (values: Values, ...row: Parameters<RowWriter>) => number>();
    return {
      ok: true,
      destinationOf(record, value, source) {
        reader.open(value, bodyStart);
        const values = readFields(reader, writerFields);
        reader.finish();
        const { offset, timestamp, headers } = record;
        const passed = apply({ ...source, offset, timestamp, headers, value: values });
        if (passed === undefined || passed.value === null) return undefined;
        const { topic, value: result } = passed;
        const table = plan.tableFor(type, topic);
        let write = writers.get(table);
        if (write === undefined) {
          write = valuesWriter(id, after, table.columns);
          writers.set(table, write);
        }
        const append = write;
        return { table, append: (to) => append(result, record, value, to, source) };
      },
    };
  }

  type Values = Readonly<Record<string, unknown>>;

  function valuesWriter(id: number, after: readonly AvroField[], columns: readonly DataColumn[]) {
    const types = new Map(after.map((field) => [field.name, field.type]));
    const steps = columns.map(({ field, type: column }) => {
      const type = types.get(field.name);
      if (type !== undefined) return { name: field.name, write: valueWriterOf(column, type) };
      const absent = defaultFieldOf(field.default?.value, column, field.type);
      return { name: field.name, write: (_value: unknown, to: RowBuffer) => to.raw(absent) };
    });
    let current: Values = {};
    const write = rowWriterOf(
      id,
      columns.length,
      (_value, to) => {
        for (const step of steps) step.write(current[step.name], to);
      },
      leadingOf(config),
    );
    return (values: Values, ...row: Parameters<RowWriter>) => {
      current = values;
      return write(...row);
    };
  }
}

const leadingOf = ({ mode }: ConnectorConfig) => (mode === "upsert" ? keyedColumns : undefined);
