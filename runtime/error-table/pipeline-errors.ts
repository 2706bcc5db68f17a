import type { ErrorEntry } from "./entry.ts";

/** What the stations behind the door meet. */
export const pipelineErrors = {
  // Kafka.
  kafka_unreachable: {
    title: "Kafka cannot be reached.",
    remedy:
      "Check that the brokers run and that --kafka-brokers names them, and that --kafka-tls and --kafka-sasl-mechanism, --kafka-sasl-username and --kafka-sasl-password are as they want it. A service tries again by itself.",
    retryable: true,
  },
  kafka_produce_failed: {
    title: "Kafka did not acknowledge the records in time.",
    remedy: "Send the same events again, with the same ids: they are recognised.",
    retryable: true,
  },
  kafka_produce_buffer_full: {
    title: "Too many records wait for Kafka's acknowledgement.",
    remedy: "Send the same events again later, with the same ids.",
    retryable: true,
  },
  kafka_record_too_large: {
    title: "The record is larger than Kafka accepts.",
    remedy: "Make the event smaller.",
    retryable: false,
  },
  kafka_consumer_crashed: {
    title: "A Kafka consumer ended by an error.",
    remedy: "The process ends and is started again by its supervisor; the cause is in the message.",
    retryable: true,
  },
  kafka_topic_missing: {
    title: "A topic is not there.",
    remedy: "Run hailstream topics create, or start the stack with hailstream up.",
    retryable: false,
  },
  kafka_partition_silent: {
    title: "A partition cannot be read now.",
    remedy:
      "The message says why. Without a leader it waits for one of the brokers that hold it: see whether they run and have room on their disks.",
    retryable: true,
  },
  // Schemas: files, the registry, and records that cannot be read.
  schema_file_invalid: {
    title: "A schema file cannot be used.",
    remedy: "Correct the file that the message names; docs/events.md shows what a schema needs.",
    retryable: false,
  },
  schema_refused: {
    title: "A schema allows values that are not safe to read.",
    remedy: "Avoid recursive types, items that take no byte and unions other than of null and one type.",
    retryable: false,
  },
  schema_incompatible: {
    title: "A schema cannot read what older versions of it wrote.",
    remedy:
      "Undo the change that the message names, or give a new field a default; hailstream schemas check lists every change.",
    retryable: false,
  },
  schema_registry_unreachable: {
    title: "The schema registry does not answer.",
    remedy: "Check that it runs and that --registry-url names it; the call is tried again by itself.",
    retryable: true,
  },
  schema_registry_refused: {
    title: "The schema registry refuses the call.",
    remedy: "Check --registry-url, --registry-username and --registry-password; the message has the registry's reason.",
    retryable: false,
  },
  schemas_not_started: {
    title: "Schema ids were asked for before the schemas were started.",
    remedy: "This is a bug of the program: report it.",
    retryable: false,
  },
  schema_generated_stale: {
    title: "A file that is generated from the schemas is stale.",
    remedy: "Run hailstream schemas types and commit the result.",
    retryable: false,
  },
  record_framing_invalid: {
    title: "The record does not begin with a zero byte and a schema id.",
    remedy: "Only programs that frame Avro as the schema registry does may write to these topics.",
    retryable: false,
  },
  record_schema_unknown: {
    title: "The registry has no schema with the id that the record names.",
    remedy: "Check that all programs use the same registry, and that it was not wiped without Kafka.",
    retryable: false,
  },
  record_type_unknown: {
    title: "The record's schema is of no type that this program knows, or cannot be read as our version of it.",
    remedy: "Run the version of the program that knows the type, then hailstream dlq redrive.",
    retryable: false,
  },
  record_bytes_invalid: {
    title: "The record's bytes do not fit its schema.",
    remedy: "Find the program that wrote it by the source in its headers.",
    retryable: false,
  },
  record_too_large: {
    title: "The record is larger than any valid event.",
    remedy: "Find the program that wrote it by the source in its headers.",
    retryable: false,
  },
  // Store.
  store_unavailable: {
    title: "The database cannot do the work now.",
    remedy: "Check that Postgres runs and can be reached; the work is tried again by itself.",
    retryable: true,
  },
  store_rejected: {
    title: "The database refuses the data.",
    remedy: "Correct the data; the SQLSTATE and the message say what is wrong with it.",
    retryable: false,
  },
  store_failed: {
    title: "The database cannot do the work as it is set up.",
    remedy:
      "Run hailstream migrate as the owner, and check the roles; the SQLSTATE and the message say what is missing.",
    retryable: false,
  },
  store_schema_behind: {
    title: "The database does not have a table or a column that this version writes to.",
    remedy: "Run hailstream migrate with the owner's --postgres-url, then start again.",
    retryable: false,
  },
  // Sinks: why a record cannot become a row.
  sink_record_unreadable: {
    title: "The bytes of a record cannot be decoded.",
    remedy: "Find out who writes to the topic without the registry's framing; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  sink_schema_unknown: {
    title: "A record names a schema that the registry does not have.",
    remedy: "Check that topics and registry belong together; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  sink_envelope_invalid: {
    title: "A record lacks the id, the type or a readable time of its event.",
    remedy: "Find out who writes to the topic without the CloudEvents headers; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  sink_circuit_open: {
    title:
      "None of many records of a topic in a row can be stored, so the topic waits and nothing of it is dead-lettered.",
    remedy:
      "The fields say what the first failed by: correct the registry, the table or the producer, and it goes on by itself. If the records are meant for the dead letters, start the sinks with --sinks-circuit-records 0.",
    retryable: true,
  },
  sink_checkpoint_ahead: {
    title: "A checkpoint is beyond the end of its partition: the topic was made anew.",
    remedy:
      "If that was meant, delete the consumer's rows of the topic from pipeline.checkpoints; else restore the topic.",
    retryable: false,
  },
  lake_storage_unavailable: {
    title: "The storage of the lake does not answer, or has no room.",
    remedy: "See the reason beside it. Nothing is lost: it is tried again, and the records stay in Kafka meanwhile.",
    retryable: true,
  },
  lake_storage_refused: {
    title: "The storage of the lake refuses to be written.",
    remedy:
      "See the reason beside it: folder or bucket must be there, and the credentials must allow to read, write, list and remove.",
    retryable: false,
  },
  lake_file_missing: {
    title: "A file that belongs to the lake is neither at its path nor in the staging folder.",
    remedy: "Restore it, or delete its row from lake.files and load its offsets again under another --lake-group-id.",
    retryable: false,
  },
  sink_value_out_of_range: {
    title: "A value does not fit its column.",
    remedy: "Correct the writer; the bytes are in pipeline.dead_letters.",
    retryable: false,
  },
  // Stream: why a record cannot go through a step, and what a flow may not do.
  stream_step_failed: {
    title: "A step of the stream processor threw while it worked on the record.",
    remedy: "This is a bug of the step: correct it, then hailstream dlq redrive --code stream_step_failed.",
    retryable: false,
  },
  stream_event_unexpected: {
    title: "The record holds an event that does not belong into its topic.",
    remedy: "Find the program that wrote it by the source in its headers.",
    retryable: false,
  },
  stream_envelope_missing: {
    title: "The record lacks the headers that carry the id, the type and the time of its event.",
    remedy:
      "Find out who writes to the topic without the CloudEvents headers, and let them send the event again; hailstream dlq show prints the record.",
    retryable: false,
  },
  stream_topology_invalid: {
    title: "The file of a topology cannot be used.",
    remedy:
      "Export defineTopology((schemas) => ({ flows, remembering })) as default; examples/orders/topology.ts is one.",
    retryable: false,
  },
  stream_output_undeclared: {
    title: "A step gave a record for a topic that its flow does not name.",
    remedy: "This is a bug of the topology: add the topic to the outputs of the flow.",
    retryable: false,
  },
  // Reprocessing.
  reprocess_running: {
    title: "The processor is being reprocessed already.",
    remedy: "Wait until that has ended; one that was killed counts as running for a minute.",
    retryable: true,
  },
  reprocess_unfit: {
    title: "The processor cannot be reprocessed.",
    remedy:
      "It needs output topics of its own, and results that are told again need a field revision; docs/reprocess.md tells more.",
    retryable: false,
  },
  reprocess_behind: {
    title: "The rebuilt processor did not catch up with the live one, so nothing was switched.",
    remedy: "Run the command again when there is less traffic, or with fewer other programs on the machine.",
    retryable: true,
  },
  // Webhook: why nothing is sent to a target.
  webhook_url_invalid: {
    title: "The webhook's URL cannot be read.",
    remedy:
      "Give an absolute URL such as https://example.com/alerts, without spaces, backslashes or control characters.",
    retryable: false,
  },
  webhook_scheme_refused: {
    title: "Webhooks are not sent over this scheme.",
    remedy: "Use https; plain http is for development only (--webhook-development).",
    retryable: false,
  },
  webhook_userinfo_refused: {
    title: "The webhook's URL holds a user name or a password.",
    remedy: "Leave them out: every delivery is signed with the endpoint's secret instead.",
    retryable: false,
  },
  webhook_address_refused: {
    title: "The webhook leads to an address that is not public.",
    remedy: "Use a public address, or allow the network of a private receiver with --webhook-allow-targets.",
    retryable: false,
  },
  webhook_port_refused: {
    title: "Webhooks are not sent to this port.",
    remedy: "Use port 443, or name the receiver's port in --webhook-ports.",
    retryable: false,
  },
  webhook_endpoint_unknown: {
    title: "There is no such endpoint.",
    remedy: "hailstream endpoints list shows all of them.",
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
