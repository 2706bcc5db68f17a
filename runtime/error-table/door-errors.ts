import type { ErrorEntry } from "./entry.ts";

/** What is answered to whoever posts events. */
export const doorErrors = {
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
  event_too_many_keys: {
    title: "The event has more keys and array items than the limit.",
    remedy: "Make the event smaller; the schema of its type shows what it may hold.",
    retryable: false,
  },
  event_text_too_long: {
    title: "A text or a key of the event is longer than the limit.",
    remedy: "Make the text shorter: send long texts elsewhere and only refer to them.",
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
  event_json_invalid: {
    title: "The event is not JSON.",
    remedy: "Write each event as one JSON object: a line of its own, or an item of the array.",
    retryable: false,
  },
  event_utf8_invalid: {
    title: "The event is not UTF-8.",
    remedy: "Encode the JSON as UTF-8.",
    retryable: false,
  },
  event_attribute_invalid: {
    title: "A ce- header of the event cannot be read.",
    remedy: "Send the header once, with its value percent-encoded as UTF-8, as the HTTP binding of CloudEvents says.",
    retryable: false,
  },
  event_avro_invalid: {
    title: "The data is not Avro in Confluent framing.",
    remedy: "Send a zero byte, the id of the schema as a big-endian int32, and the data written with this schema.",
    retryable: false,
  },
  event_schema_unknown: {
    title: "The data names a schema that is none of an event type's.",
    remedy: "Register the schema under its event type first, or write the data with a registered version.",
    retryable: false,
  },
  event_schema_mismatch: {
    title: "The data is written with the schema of another event type.",
    remedy: "Correct the type of the event or the schema id of its data.",
    retryable: false,
  },
  event_schema_unavailable: {
    title: "The data names a schema that is not known here yet, and the schema registry cannot be asked now.",
    remedy: "Send the same event again after the time in Retry-After, with the same id.",
    retryable: true,
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
  id_conflict: {
    title: "The id belongs to another event, which was stored before with another type, time or data.",
    remedy: "Give each event an id of its own, and change nothing of it when it is sent again.",
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
  event_type_forbidden: {
    title: "The API key's scopes do not hold this event type.",
    remedy: "Post the type with a key that may, or add it to the key's scopes.",
    retryable: false,
  },
  subject_mismatch: {
    title: "The event is of somebody else than the device token speaks for.",
    remedy:
      "Post it with a token of the one who acts, or with an API key. It is kept in quarantine, since a device that names others may be tampered with.",
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
  request_api_key_expired: {
    title: "The API key has expired.",
    remedy: "Use the key that replaced it; hailstream keys list shows the keys of each app.",
    retryable: false,
  },
  request_api_key_revoked: {
    title: "The API key was revoked.",
    remedy: "Use another key of the app; hailstream keys create makes one.",
    retryable: false,
  },
  request_device_token_invalid: {
    title: "The device token cannot be trusted.",
    remedy: "Fetch a token from the app's backend, which gets it by POST /v1/device-tokens, and send it unchanged.",
    retryable: false,
  },
  request_device_token_expired: {
    title: "The device token has expired.",
    remedy: "Fetch a new token from the app's backend and send the same events again, with the same ids.",
    retryable: false,
  },
  request_device_token_not_yet_valid: {
    title: "The device token is not valid yet.",
    remedy: "Correct the clock of the server that signed it; clocks may differ by 60 seconds.",
    retryable: false,
  },
  request_device_token_too_long: {
    title: "The device token is valid for longer than this server allows.",
    remedy: "Sign tokens for less time; --ingest-device-token-max-ms is the limit.",
    retryable: false,
  },
  request_device_token_revoked: {
    title: "The API key that the device token was minted with was revoked, or is not known.",
    remedy: "Mint a new token with a valid API key.",
    retryable: false,
  },
  request_mint_forbidden: {
    title: "Device tokens cannot be minted with this key.",
    remedy: "Use an API key that may: hailstream keys create --mint. A device token mints none.",
    retryable: false,
  },
  request_token_wish_invalid: {
    title: "No device token can be made from this request.",
    remedy: 'Send JSON like {"subject":"drv_123","ttl_seconds":900}.',
    retryable: false,
  },
  device_tokens_off: {
    title: "This server has no key for device tokens.",
    remedy: "Make one with hailstream keys device-key create and start ingest with --ingest-device-keys-file.",
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
  request_too_many_items: {
    title: "The body holds more keys, array items and brackets than the limit.",
    remedy: "Split the events over several requests.",
    retryable: false,
  },
  request_media_type_unsupported: {
    title: "The content type is not supported.",
    remedy:
      "Use application/cloudevents+json, application/cloudevents-batch+json, application/json, application/x-ndjson or application/avro; text in UTF-8.",
    retryable: false,
  },
  request_encoding_unsupported: {
    title: "The content encoding is not supported.",
    remedy: "Use gzip or none.",
    retryable: false,
  },
  request_method_unsupported: {
    title: "The method is not supported here.",
    remedy: "Use a method that the header Allow names; for /v1/events that is POST.",
    retryable: false,
  },
  request_head_invalid: {
    title: "The head of the request can be read in two ways, or is larger than any client of ours needs.",
    remedy: "Send the path alone as the target, each header once, and Transfer-Encoding: chunked only with HTTP/1.1.",
    retryable: false,
  },
  request_https_required: {
    title: "The request came without TLS.",
    remedy: "Send it to the https address of this server.",
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
  request_malformed: {
    title: "What came over the connection is not a request of HTTP/1.1.",
    remedy: "Send HTTP/1.1 with a client library; over TLS only to the port that speaks it.",
    retryable: false,
  },
  request_head_too_large: {
    title: "The head of the request is larger than the limit.",
    remedy: "Send fewer and shorter headers: the target and all headers together stay below --ingest-max-header-bytes.",
    retryable: false,
  },
  request_too_slow: {
    title: "The request did not come whole within its time.",
    remedy: "Send the same events again, with the same ids, in smaller requests; a stream of lines has a longer time.",
    retryable: true,
  },
  request_stream_idle: {
    title: "The stream stood still for too long.",
    remedy:
      "Send the lines that have no result again, with the same ids; an empty line now and then keeps a stream open.",
    retryable: true,
  },
  request_stopping: {
    title: "The server is stopping and has ended the stream.",
    remedy: "Send the lines that have no result again, with the same ids, over a new connection.",
    retryable: true,
  },
  request_rate_limited: {
    title: "More events came from this API key, device or address than its rate allows.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  request_overloaded: {
    title: "The server has more requests under way than it can hold.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  event_shed: {
    title: "The server is near its limits and takes only events of more important classes now.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  // Spool: Kafka is away, and the disk cannot stand in.
  spool_full: {
    title: "Kafka is away, and the server's disk spool is full.",
    remedy: "Send the same events again after the time in Retry-After, with the same ids.",
    retryable: true,
  },
  spool_write_failed: {
    title: "Kafka is away, and the server's disk refuses to be written.",
    remedy:
      "Send the same events again after the time in Retry-After, with the same ids; the server's log holds the cause.",
    retryable: true,
  },
  durability_unavailable: {
    title: "Only the server's disk can take the event now, and the request asks for durability=replicated.",
    remedy: "Send the same events again after the time in Retry-After, or without Prefer: durability=replicated.",
    retryable: true,
  },
  micro_query_invalid: {
    title: "hailstream micro has no such filter, or it cannot have this value.",
    remedy:
      "Correct the query of the address; docs/micro.md lists the filters of /micro/all, /micro/good and /micro/bad.",
    retryable: false,
  },
  request_failed: {
    title: "The request could not be answered because of a fault of the server.",
    remedy: "Send the same events again, with the same ids; the server's log holds the cause.",
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;
