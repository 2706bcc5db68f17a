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
  // Request: the whole request cannot be answered.
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
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
