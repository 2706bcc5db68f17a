import { messageOf, PipelineError } from "../../runtime/index.ts";
import { recordFieldsOf } from "./avro-type.ts";
import type { EventTable } from "./event-table.ts";
import type { SchemaRoute } from "./postgres-sink.ts";
import { compileRowWriter } from "./row-writer.ts";

/** The schema that the registry has under an id, and the event type that it belongs to. */
export type WriterSchema = { readonly type: string; readonly schema: unknown };

/** @throws PipelineError retryable ones, when the registry cannot be reached; undefined is its word that there is no such id */
export type FindWriterSchema = (schemaId: number) => Promise<WriterSchema | undefined>;

/** Finds for a schema id the table and compiles the way into it. */
export function createSchemaRoutes(
  tables: ReadonlyMap<string, EventTable>,
  findWriter: FindWriterSchema,
): (schemaId: number) => Promise<SchemaRoute> {
  return async (schemaId) => {
    const writer = await findWriter(schemaId);
    const fields = { schemaId };
    if (writer === undefined) return { ok: false, error: new PipelineError("sink_schema_unknown", { fields }) };
    const table = tables.get(writer.type);
    if (table === undefined) {
      const message = `there is no table for records of the type ${writer.type}`;
      return { ok: false, error: new PipelineError("sink_schema_unknown", { message, fields }) };
    }
    try {
      return { ok: true, table, write: compileRowWriter(schemaId, recordFieldsOf(writer.schema), table.columns) };
    } catch (error) {
      const failure = new PipelineError("sink_record_unreadable", { message: messageOf(error), cause: error, fields });
      return { ok: false, error: error instanceof PipelineError ? error : failure };
    }
  };
}
