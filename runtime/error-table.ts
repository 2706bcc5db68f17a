type ErrorEntry = {
  /** One sentence: what happened. */
  readonly title: string;
  /** What the person who reads it can do. */
  readonly remedy: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
};

/**
 * Every code the pipeline can answer or log, in one table; `docs/errors.md` is generated from it. A code is never renamed or
 * given another meaning. Keep the groups: event, request, command line, local stack, Kafka, schemas, store, stream, webhook.
 */
export const errorTable = {
  // Event: one event of a request cannot be accepted.
  event_not_object: {
    title: "The event is not a JSON object.",
    remedy: "Send each event as one CloudEvents object.",
    retryable: false,
  },
  event_too_large: {
    title: "The event is larger than the limit.",
    remedy: "Make the event smaller: send long texts elsewhere and only refer to them.",
    retryable: false,
  },
  event_too_deep: {
    title: "The event's objects and arrays are nested too deep.",
    remedy: "Make the event flatter; the schema of its type shows what it may hold.",
    retryable: false,
  },
  event_key_forbidden: {
    title: "The event holds a key that is never accepted.",
    remedy: "Rename the key; __proto__, constructor and prototype are refused everywhere.",
    retryable: false,
  },
  event_text_invalid: {
    title: "A text holds a NUL character or half of a surrogate pair.",
    remedy: "Remove these characters: no database text can hold them.",
    retryable: false,
  },
  event_specversion_unsupported: {
    title: "The event does not say that it follows CloudEvents 1.0.",
    remedy: 'Set "specversion" to "1.0".',
    retryable: false,
  },
  event_id_missing: {
    title: "The event has no id.",
    remedy: "Give each event an id when it is made, best a UUIDv7, and keep it when the event is sent again.",
    retryable: false,
  },
  event_id_invalid: {
    title: "The event's id cannot be used.",
    remedy: "Use a text of 1 to 200 characters without control characters.",
    retryable: false,
  },
  event_id_repeated: {
    title: "An event before this one in the same request has the same id.",
    remedy: "Give each event an id of its own; the first one was taken.",
    retryable: false,
  },
  event_source_missing: {
    title: "The event has no source.",
    remedy: 'Say which app made the event, for example "/apps/driver/ios/6.1.2".',
    retryable: false,
  },
  event_source_invalid: {
    title: "The event's source cannot be used.",
    remedy: "Use a URI reference of 1 to 500 characters.",
    retryable: false,
  },
  event_subject_invalid: {
    title: "The event's subject cannot be used.",
    remedy: "Leave the subject out or use a text of 1 to 200 characters.",
    retryable: false,
  },
  event_type_missing: {
    title: "The event has no type.",
    remedy: "Name the event's type; hailstream schemas list shows all of them.",
    retryable: false,
  },
  event_type_unknown: {
    title: "There is no such event type.",
    remedy: "Correct the type; hailstream schemas list shows all of them.",
    retryable: false,
  },
  event_type_derived: {
    title: "Events of this type are made by the pipeline itself.",
    remedy: "Send the events that it is made of instead.",
    retryable: false,
  },
  event_time_missing: {
    title: "The event has no time.",
    remedy: "Set the time at which the event happened, for example 2026-11-22T21:11:41.123Z.",
    retryable: false,
  },
  event_time_invalid: {
    title: "The event's time is not an RFC 3339 time.",
    remedy: "Write it like 2026-11-22T21:11:41.123Z or 2026-11-22T22:11:41+01:00.",
    retryable: false,
  },
  event_time_unreasonable: {
    title: "The event's time lies before the year 2000 or too far in the future.",
    remedy: "Correct the clock of the device or the unit of the value.",
    retryable: false,
  },
  event_data_missing: {
    title: "The event has no data.",
    remedy: 'Put the fields of the event type into the object "data".',
    retryable: false,
  },
  event_data_base64_unsupported: {
    title: "The event's data is base64.",
    remedy: 'Send the data as a JSON object in "data".',
    retryable: false,
  },
  event_datacontenttype_unsupported: {
    title: "The event's data is not JSON by its own words.",
    remedy: 'Leave "datacontenttype" out or set it to application/json.',
    retryable: false,
  },
  event_key_empty: {
    title: "The field that orders the events of this type is empty.",
    remedy: "Fill the field with the id that it is named for.",
    retryable: false,
  },
  // Event: its data does not fit the schema of its type.
  event_field_missing: {
    title: "A field that the schema requires is missing.",
    remedy: "Send the field; hailstream schemas example TYPE shows valid data.",
    retryable: false,
  },
  event_field_unknown: {
    title: "The data has a field that the schema does not declare.",
    remedy: "Correct the name or leave the field out; a new field is added to the schema first.",
    retryable: false,
  },
  event_type_mismatch: {
    title: "A value has another type than the schema declares.",
    remedy: "Send the type that the message names.",
    retryable: false,
  },
  event_enum_unknown: {
    title: "A value is none of those that the schema lists.",
    remedy: "Send one of the values that the message lists.",
    retryable: false,
  },
  event_number_not_finite: {
    title: "A number is infinite or not a number.",
    remedy: "Leave the field out, or send null, when there is no value.",
    retryable: false,
  },
  event_number_out_of_range: {
    title: "A number is outside the range that the schema allows.",
    remedy: "Check the unit and the sign; the message has the range.",
    retryable: false,
  },
  event_items_too_many: {
    title: "A list or map has more entries than the schema allows.",
    remedy: "Send fewer entries; the message has the limit.",
    retryable: false,
  },
  // Request: the whole request cannot be answered.
  request_api_key_missing: {
    title: "The request has no API key.",
    remedy: "Send the header Authorization: Bearer KEY.",
    retryable: false,
  },
  request_api_key_unknown: {
    title: "The API key is not known.",
    remedy: "Check the key in the header Authorization: Bearer KEY; it may have been withdrawn.",
    retryable: false,
  },
  request_body_empty: {
    title: "The request has no body.",
    remedy: "Send one event, or an array of events, as JSON.",
    retryable: false,
  },
  request_json_invalid: {
    title: "The body is not JSON.",
    remedy: "Send one event, or an array of events, as JSON.",
    retryable: false,
  },
  request_utf8_invalid: {
    title: "The body is not UTF-8.",
    remedy: "Encode the JSON as UTF-8.",
    retryable: false,
  },
  request_shape_invalid: {
    title: "The body does not fit its content type.",
    remedy:
      "Send one object as application/cloudevents+json, an array as application/cloudevents-batch+json, either as application/json.",
    retryable: false,
  },
  request_gzip_invalid: {
    title: "The body is not gzip, although its Content-Encoding says so.",
    remedy: "Compress the body by gzip or leave the header out.",
    retryable: false,
  },
  request_body_too_large: {
    title: "The body is larger than the limit.",
    remedy: "Split the events over several requests.",
    retryable: false,
  },
  request_inflated_too_large: {
    title: "The inflated body is larger than the limit.",
    remedy: "Split the events over several requests.",
    retryable: false,
  },
  request_too_many_events: {
    title: "The request holds more events than the limit.",
    remedy: "Split the events over several requests.",
    retryable: false,
  },
  request_media_type_unsupported: {
    title: "The content type is not supported.",
    remedy: "Use application/cloudevents+json, application/cloudevents-batch+json or application/json, in UTF-8.",
    retryable: false,
  },
  request_mode_unsupported: {
    title: "CloudEvents in binary mode are not supported.",
    remedy: "Send the event in structured mode: attributes and data in one JSON object.",
    retryable: false,
  },
  request_encoding_unsupported: {
    title: "The content encoding is not supported.",
    remedy: "Use gzip or none.",
    retryable: false,
  },
  request_method_unsupported: {
    title: "The method is not supported here.",
    remedy: "Use POST.",
    retryable: false,
  },
  request_path_unknown: {
    title: "There is nothing at this path.",
    remedy: "Post events to /v1/events.",
    retryable: false,
  },
  request_aborted: {
    title: "The client closed the connection before its request was whole.",
    remedy: "Send the same events again, with the same ids.",
    retryable: true,
  },
  request_rate_limited: {
    title: "Too many requests came with this API key.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  request_overloaded: {
    title: "The server has more requests under way than it can hold.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  request_failed: {
    title: "The request could not be answered because of a fault of the server.",
    remedy: "Send the same events again, with the same ids; the server's log holds the cause.",
    retryable: true,
  },
  api_keys_unreadable: {
    title: "The file of the API keys cannot be read.",
    remedy: 'Write it as [{"name":"driver-app","sha256":"<64 hex digits>"}].',
    retryable: false,
  },
  // Command line and options.
  option_invalid: {
    title: "An option has a value that it cannot take.",
    remedy: "Correct the option that the message names; its page in docs/options.md shows what it takes.",
    retryable: false,
  },
  option_unknown: {
    title: "There is no such option.",
    remedy: "Check the spelling; the message names the nearest one.",
    retryable: false,
  },
  // Apps: replay and simulate.
  apps_request_refused: {
    title: "The server refuses the request, and sending it again will not help.",
    remedy: "Check --url and --api-key; the message has the status and the server's reason.",
    retryable: false,
  },
  replay_file_unreadable: {
    title: "The file cannot be replayed.",
    remedy: "Give a CSV file of TLC trip records with pickup time and coordinates (published until June 2016).",
    retryable: false,
  },
  // Runtime.
  service_started_twice: {
    title: "A service was started twice.",
    remedy: "This is a bug of the program: report it.",
    retryable: false,
  },
  port_taken: {
    title: "The port is in use by another program.",
    remedy: "Stop that program or choose another port with the option that the message names.",
    retryable: false,
  },
  // Local stack.
  local_artefact_missing: {
    title: "A part of the local stack is not installed.",
    remedy: "Run node local/setup.mjs (npm start and npm test do it by themselves).",
    retryable: false,
  },
  local_java_unusable: {
    title: "Kafka and the registry need Java 17 or newer.",
    remedy:
      "Install it (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk) or set JAVA_HOME.",
    retryable: false,
  },
  local_start_failed: {
    title: "A part of the local stack did not start.",
    remedy: "Read the log file that the message names; hailstream doctor checks the usual causes.",
    retryable: false,
  },
  local_data_in_use: {
    title: "Another process uses the data directory.",
    remedy: "Stop the other stack with hailstream down, or choose another directory with --data-dir.",
    retryable: false,
  },
  local_disk_full: {
    title: "There is no room left on the disk of the data directory.",
    remedy: "Free some space, or choose a directory on another disk with --data-dir.",
    retryable: false,
  },
  local_root_refused: {
    title: "Postgres does not run as root, and no other user could be taken.",
    remedy: "Run as an ordinary user, or give a Postgres of your own with --postgres-url.",
    retryable: false,
  },
  // Kafka.
  kafka_unreachable: {
    title: "Kafka cannot be reached.",
    remedy: "Check that the brokers run and that --kafka-brokers names them; the call is tried again by itself.",
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
    remedy: "Undo the change that the message names, or give a new field a default; hailstream schemas check lists every change.",
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
    remedy: "Run the version of the program that knows the type, then replay the record.",
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
  sink_checkpoint_ahead: {
    title: "A checkpoint is beyond the end of its partition: the topic was made anew.",
    remedy: "If that was meant, delete the consumer's rows of the topic from pipeline.checkpoints; else restore the topic.",
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
    remedy: "This is a bug of the step: correct it, then replay the record from the topic dead-letters.",
    retryable: false,
  },
  stream_event_unexpected: {
    title: "The record holds an event that does not belong into its topic.",
    remedy: "Find the program that wrote it by the source in its headers.",
    retryable: false,
  },
  stream_envelope_missing: {
    title: "The record lacks the headers that carry the id, the type and the time of its event.",
    remedy: "Find out who writes to the topic without the CloudEvents headers, then replay the record with them.",
    retryable: false,
  },
  stream_output_undeclared: {
    title: "A step gave a record for a topic that its flow does not name.",
    remedy: "This is a bug of the topology: add the topic to the outputs of the flow.",
    retryable: false,
  },
  // Webhook: why nothing is sent to a target.
  webhook_url_invalid: {
    title: "The webhook's URL cannot be read.",
    remedy: "Give an absolute URL such as https://example.com/alerts, without spaces, backslashes or control characters.",
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

export type ErrorCode = keyof typeof errorTable;
