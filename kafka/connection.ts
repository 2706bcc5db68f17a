import { readFileSync } from "node:fs";
import type { Consumer, ConsumerConfig, KafkaConfig, Kafka as KafkaJs, SASLOptions } from "kafkajs";
import type { Logger } from "../runtime/index.ts";
import { Kafka, logLevel } from "./kafkajs.ts";
import type { KafkaOptions } from "./options.ts";

/** How to reach one Kafka cluster; opens nothing by itself. */
export type KafkaConnection = {
  readonly kafka: KafkaJs;
  /**
   * A consumer over a client of its own: kafkajs keeps committed offsets by group for all consumers of a client, so that of two members of a group over one
   * client each join of one clears those of the other, which ends by a TypeError.
   */
  createConsumer(config: ConsumerConfig): Consumer;
  readonly options: KafkaOptions;
  readonly log: Logger;
};

/**
 * About two minutes of trying: long enough for a broker to come back. kafkajs nests its retries, and an inner one that gives
 * up ends the outer ones too, so producers, consumers and connections must all have the same patience.
 */
export const outageRetry = { initialRetryTime: 50, multiplier: 2, maxRetryTime: 1_000, retries: 120 } as const;

/** For questions that a person or a start waits for. */
export const shortRetry = { initialRetryTime: 50, multiplier: 2, maxRetryTime: 500, retries: 5 } as const;

/**
 * @param clientId what the brokers' logs and quotas call this process.
 * @param retry how patient it is where nothing else is said: a service waits out an outage, a person wants an answer.
 * @throws when a TLS file cannot be read.
 */
export function connectKafka(
  options: KafkaOptions,
  log: Logger,
  clientId = "hailstream",
  retry: typeof shortRetry | typeof outageRetry = outageRetry,
): KafkaConnection {
  const config: KafkaConfig = {
    clientId,
    brokers: options.brokers.split(","),
    connectionTimeout: 3_000,
    requestTimeout: options.requestTimeoutMs,
    enforceRequestTimeout: true,
    logLevel: logLevel.INFO,
    // kafkajs calls every retried request an error; what matters is logged by the services of this folder.
    logCreator: () => (entry) => log.debug({ kafkajs: entry.log, part: entry.namespace }, entry.log.message),
    retry,
  };
  const ssl = tlsOf(options);
  const sasl = saslOf(options);
  const whole = { ...config, ...(ssl === undefined ? {} : { ssl }), ...(sasl === undefined ? {} : { sasl }) };
  const createConsumer: KafkaConnection["createConsumer"] = (consumer) => new Kafka(whole).consumer(consumer);
  return { kafka: new Kafka(whole), createConsumer, options, log };
}

function tlsOf(o: KafkaOptions): KafkaConfig["ssl"] | undefined {
  if (!o.tls) return undefined;
  return {
    ...(o.tlsCaFile === undefined ? {} : { ca: [readFileSync(o.tlsCaFile, "utf8")] }),
    ...(o.tlsCertFile === undefined ? {} : { cert: readFileSync(o.tlsCertFile, "utf8") }),
    ...(o.tlsKeyFile === undefined ? {} : { key: readFileSync(o.tlsKeyFile, "utf8") }),
  };
}

function saslOf(o: KafkaOptions): SASLOptions | undefined {
  if (o.saslMechanism === undefined) return undefined;
  return { mechanism: o.saslMechanism, username: o.saslUsername ?? "", password: o.saslPassword ?? "" } as SASLOptions;
}
