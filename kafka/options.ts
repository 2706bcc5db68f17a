import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;

export const kafkaOptions = defineOptions(
  "kafka",
  {
    brokers: {
      schema: z
        .string()
        .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, "expected host:port, several of them with commas between"),
      default: "127.0.0.1:9092",
      description: "The brokers to ask first, host:port with commas between.",
    },
    tls: { schema: z.stringbool(), default: "false", description: "Whether connections to the brokers use TLS." },
    tlsCaFile: {
      schema: z.string(),
      description: "PEM file of the certificate authority that signed the brokers' certificates.",
    },
    tlsCertFile: {
      schema: z.string(),
      description: "PEM file of the client certificate, where the brokers ask for one.",
    },
    tlsKeyFile: { schema: z.string(), description: "PEM file of the client certificate's private key." },
    saslMechanism: { schema: z.enum(mechanisms), description: "How to sign in to the brokers." },
    saslUsername: { schema: z.string(), description: "User name for signing in to the brokers." },
    saslPassword: { schema: z.string(), secret: true, description: "Password for signing in to the brokers." },
    replicationFactor: {
      schema: z.coerce.number().int().min(1).max(7),
      default: "1",
      unit: "copies",
      description: "Copies of each partition of the topics that this program creates; 3 in production.",
    },
    requestTimeoutMs: {
      schema: z.coerce.number().int().min(1_000),
      default: "20000",
      unit: "ms",
      description: "How long one request to a broker may take before it is tried again.",
    },
  },
  {
    check: (o) =>
      o.saslMechanism !== undefined && (o.saslUsername === undefined || o.saslPassword === undefined)
        ? "--kafka-sasl-mechanism needs --kafka-sasl-username and --kafka-sasl-password"
        : undefined,
  },
);

export type KafkaOptions = ValuesOf<typeof kafkaOptions>;
