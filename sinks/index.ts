export { type SinksOptions, sinksOptions } from "./options.ts";
export { createEventSink, type EventSinkParts } from "./postgres/create-sink.ts";
export { ensureEventTables } from "./postgres/ensure-tables.ts";
export { type StoredTable, type StoredType, storedTables } from "./postgres/event-types.ts";
export type { FindWriterSchema, WriterSchema } from "./postgres/schema-routes.ts";
export { prepareDatabase } from "./prepare-database.ts";
export { createSinkRunner, type SinkRunnerParts } from "./runner.ts";
export { createSinks, type SinksParts } from "./service.ts";
export type { Delivery, Manner, Rejection, Sink, SinkBatch } from "./sink.ts";
