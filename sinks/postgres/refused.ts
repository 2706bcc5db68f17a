import type { KafkaRecord } from "../../kafka/index.ts";
import type { PipelineError } from "../../runtime/index.ts";
import { sqlStateOf } from "../../store/index.ts";
import type { Rejection } from "../sink.ts";

/** A record that the database refuses, and why. */
export function refusedByDatabase(record: KafkaRecord, error: PipelineError): Rejection {
  const sqlState = sqlStateOf(error);
  return {
    record,
    reason: error.code,
    message: error.message,
    ...(sqlState === undefined ? {} : { sqlState }),
    ...(record.value === null ? {} : { schemaId: record.value.readInt32BE(1) }),
  };
}
