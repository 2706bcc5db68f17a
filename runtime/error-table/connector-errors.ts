import type { ErrorEntry } from "./entry.ts";

/** Connectors: their descriptions, their management, and what may be wrong with a record on its way through one. */
export const connectorErrors = {
  connector_invalid: {
    title: "The description of a connector cannot be used.",
    remedy: "Each line says where, what is expected and what was given; docs/connectors.md has all keys.",
    retryable: false,
  },
  connector_unknown: {
    title: "There is no such connector.",
    remedy: "hailstream connectors list shows all of them.",
    retryable: false,
  },
  connector_exists: {
    title: "There is a connector of this name already.",
    remedy: "Change it by PUT /connectors/NAME/config, or take another name.",
    retryable: false,
  },
  connector_in_file: {
    title: "The connector is declared in a file.",
    remedy:
      "Change or remove its file and start the sinks again; pause, stop, restart and offsets work as with any other.",
    retryable: false,
  },
  connector_not_stopped: {
    title: "Offsets are changed only while the connector is stopped.",
    remedy: "Stop it first: PUT /connectors/NAME/stop, or hailstream connectors stop NAME.",
    retryable: false,
  },
  connector_busy: {
    title: "The connector's tasks have not come to their end yet.",
    remedy: "Try again in a few seconds.",
    retryable: true,
  },
  kafka_group_active: {
    title: "The consumer group has members, so its offsets are not changed.",
    remedy: "Try again when its last member has left; a process that was killed counts as one until its session ends.",
    retryable: true,
  },
  connector_task_unknown: {
    title: "The connector has no such task.",
    remedy: "GET /connectors/NAME/status lists them.",
    retryable: false,
  },
  connector_plugin_unknown: {
    title: "There is no such class of connectors.",
    remedy: "GET /connector-plugins lists them.",
    retryable: false,
  },
  connector_offset_invalid: {
    title: "The connector cannot go on from such an offset.",
    remedy: "Give offsets of partitions that it reads, from 0 to the partition's end.",
    retryable: false,
  },
  connector_path_unknown: {
    title: "There is nothing at this path.",
    remedy: "docs/connectors.md lists the paths of the API.",
    retryable: false,
  },
  connector_method_unsupported: {
    title: "The path is there, but not with this method.",
    remedy: "docs/connectors.md lists the methods of each path.",
    retryable: false,
  },
  connector_level_unknown: {
    title: "There is no such level of a logger.",
    remedy: "Take OFF, FATAL, ERROR, WARN, INFO, DEBUG or TRACE.",
    retryable: false,
  },
  connector_logger_unknown: {
    title: "There is no such logger.",
    remedy: "GET /admin/loggers lists them.",
    retryable: false,
  },
  connector_request_invalid: {
    title: "The request cannot be understood.",
    remedy: "Send JSON as Kafka Connect's API has it; docs/connectors.md has examples.",
    retryable: false,
  },
  connector_key_refused: {
    title: "The request comes without the key of the connectors' API.",
    remedy:
      "From the machine itself none is needed unless --sinks-api-key is set; else send it as Authorization: Bearer KEY, or as the password of Basic.",
    retryable: false,
  },
  connector_starting: {
    title: "The sinks are still starting.",
    remedy: "Try again in a few seconds; /ready says what they wait for.",
    retryable: true,
  },
  connector_api_unreachable: {
    title: "The connectors' API does not answer.",
    remedy: "Start the sinks (hailstream up), or name them with --url.",
    retryable: true,
  },
  sink_transform_failed: {
    title: "A transform cannot work with a value of the record.",
    remedy: "Correct the transform or the writer; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  sink_key_missing: {
    title: "The record has no key that is text, so there is no row that it could replace.",
    remedy: "Find out who writes to the topic without keys; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  store_type_conflict: {
    title: "A column has a type that cannot become the one that the schema needs.",
    remedy:
      "Run the statement that the message names, as the owner, at a time when the table may be locked; or rename the field.",
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
