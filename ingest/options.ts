import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";
import { areNetworks } from "./identity/origin.ts";

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const mebibyte = 1024 * 1024;

export const ingestOptions = defineOptions(
  "ingest",
  {
    host: { schema: z.string().min(1), default: "127.0.0.1", description: "The address to listen on." },
    port: { schema: whole(0, 65_535), default: "8080", description: "The port to listen on; 0 takes a free one." },
    processes: {
      schema: whole(1, 64),
      default: "1",
      unit: "processes",
      description: "How many processes share the port and the work; as many as there are processors to spare.",
    },
    apiKeysFile: {
      schema: z.string().min(1),
      description:
        "File of the API keys' hashes, which hailstream keys writes. Read again within seconds when it changes.",
    },
    deviceKeysFile: {
      schema: z.string().min(1),
      description:
        "File of the Ed25519 keys (JWKS) that sign and verify device tokens; without it there are none. Read again within seconds when it changes.",
    },
    deviceTokenMaxMs: {
      schema: whole(1_000, 24 * 3_600_000),
      default: "3600000",
      unit: "ms",
      description: "The longest time for which a device token may be valid.",
    },
    deviceTokenCache: {
      schema: whole(1, 1_000_000),
      default: "20000",
      unit: "tokens",
      description:
        "How many verified device tokens a process remembers, at about 500 bytes each; others are verified anew.",
    },
    allowAnonymous: {
      schema: z.stringbool(),
      default: "false",
      description: "Whether to accept events without an API key; for a private network or a trial.",
    },
    maxBodyBytes: {
      schema: whole(1_024, 64 * mebibyte),
      default: String(4 * mebibyte),
      unit: "bytes",
      description: "The largest request body, as sent and after inflating.",
    },
    maxBodyItems: {
      schema: whole(1_000, 10_000_000),
      default: "50000",
      unit: "items",
      description:
        "How many keys, array items and brackets a body of JSON may hold in all; 50,000 of the worst kind keep a process for some 60 ms. A stream of lines has no such limit.",
    },
    maxEvents: {
      schema: whole(1, 10_000),
      default: "1000",
      unit: "events",
      description: "The largest number of events in one request.",
    },
    maxEventBytes: {
      schema: whole(256, 512 * 1024),
      default: "32768",
      unit: "bytes",
      description: "The largest event, written as compact JSON in UTF-8.",
    },
    maxDepth: {
      schema: whole(2, 64),
      default: "16",
      unit: "levels",
      description: "How deep objects and arrays of an event may be nested.",
    },
    maxKeys: {
      schema: whole(10, 100_000),
      default: "4000",
      unit: "keys",
      description: "How many keys and array items an event may have in all.",
    },
    maxTextChars: {
      schema: whole(100, 512 * 1024),
      default: "16384",
      unit: "characters",
      description: "The longest text in an event, a key included.",
    },
    maxFutureMs: {
      schema: whole(0, 366 * 24 * 3_600_000),
      default: "86400000",
      unit: "ms",
      description: "How far the time of an event may lie ahead of the server's clock.",
    },
    futureFlagMs: {
      schema: whole(0, 366 * 24 * 3_600_000),
      default: "60000",
      unit: "ms",
      description: "How far ahead of the server's clock the time of an event is flagged as future.",
    },
    pastFlagMs: {
      schema: whole(0, 100 * 366 * 24 * 3_600_000),
      default: "604800000",
      unit: "ms",
      description: "How old an event is flagged as past.",
    },
    assumedDelayMs: {
      schema: whole(0, 600_000),
      default: "2000",
      unit: "ms",
      description:
        "The longest that the head of a request is assumed to be on its way: part of the error of the times that are corrected by the header sent-at.",
    },
    lingerMs: {
      schema: whole(0, 1_000),
      default: "1",
      unit: "ms",
      description:
        "The least time between two requests to Kafka: events that come meanwhile share the next one. An event after a pause leaves at once.",
    },
    produceTimeoutMs: {
      schema: whole(100, 6_000),
      default: "5000",
      unit: "ms",
      description: "How long a request waits for Kafka's acknowledgement before it is answered 503.",
    },
    maxBufferedBytes: {
      schema: whole(mebibyte, 1_024 * mebibyte),
      default: String(12 * mebibyte),
      unit: "bytes",
      description: "Bytes that may wait for Kafka's acknowledgement; above it requests are answered 503.",
    },
    maxInFlightBytes: {
      schema: whole(mebibyte, 1_024 * mebibyte),
      default: String(8 * mebibyte),
      unit: "bytes",
      description:
        "Bytes of bodies that may be under way at the same time; above it requests are answered 503. Parsed and encoded, a body takes some fifteen times its bytes of memory.",
    },
    keyEventsPerSecond: {
      schema: whole(0, 10_000_000),
      default: "0",
      unit: "events a second",
      description: "What each API key may send on average, with all its devices, to each process; 0: no limit.",
    },
    keyBurst: {
      schema: whole(1, 100_000_000),
      default: "1000000",
      unit: "events",
      description: "What each API key may send at once after a pause.",
    },
    deviceEventsPerSecond: {
      schema: whole(0, 1_000_000),
      default: "100",
      unit: "events a second",
      description: "What each device with a token may send on average; 0: no limit.",
    },
    deviceBurst: {
      schema: whole(1, 10_000_000),
      default: "5000",
      unit: "events",
      description: "What each device with a token may send at once after a pause, such as a time without a network.",
    },
    addressEventsPerSecond: {
      schema: whole(0, 1_000_000),
      default: "0",
      unit: "events a second",
      description:
        "What each client address may send on average without a device token, an IPv6 network of 64 bits being one; 0: no limit.",
    },
    addressBurst: {
      schema: whole(1, 10_000_000),
      default: "10000",
      unit: "events",
      description: "What each client address may send at once after a pause.",
    },
    rateSenders: {
      schema: whole(100, 10_000_000),
      default: "50000",
      unit: "senders",
      description:
        "Of how many keys, devices and addresses a process remembers the rates, at about 700 bytes each; the one not seen for the longest begins anew.",
    },
    shedBulkPercent: {
      schema: whole(1, 100),
      default: "50",
      unit: "percent",
      description:
        "The pressure from which events of the class bulk are answered retry, more of them the higher it is. 100 percent is the limit of event-loop delay, of bytes under way or of bytes that wait for Kafka.",
    },
    shedNormalPercent: {
      schema: whole(1, 100),
      default: "75",
      unit: "percent",
      description: "The pressure from which all bulk and ever more events of the class normal are answered retry.",
    },
    maxLoopDelayMs: {
      schema: whole(0, 60_000),
      default: "400",
      unit: "ms",
      description: "The event-loop delay that counts as 100 percent of pressure; 0: it does not count.",
    },
    headersTimeoutMs: {
      schema: whole(100, 60_000),
      default: "10000",
      unit: "ms",
      description: "How long a client may take to send the headers of a request.",
    },
    requestTimeoutMs: {
      schema: whole(100, 600_000),
      default: "14000",
      unit: "ms",
      description:
        "How long a client may take to send a whole request, but for a stream of lines. It acts at most half a second later.",
    },
    idleTimeoutMs: {
      schema: whole(1_000, 600_000),
      default: "30000",
      unit: "ms",
      description: "How long nothing may move on a connection before it is closed: a client that takes no answer.",
    },
    keepAliveTimeoutMs: {
      schema: whole(1_000, 600_000),
      default: "5000",
      unit: "ms",
      description:
        "How long a connection stays open after an answer. A proxy before ingest must give it up sooner than ingest does.",
    },
    maxConnections: {
      schema: whole(1, 1_000_000),
      default: "10000",
      unit: "connections",
      description: "The largest number of connections to a process; further ones are closed at once.",
    },
    maxHeaders: {
      schema: whole(10, 1_000),
      default: "100",
      unit: "headers",
      description: "The largest number of headers of a request.",
    },
    maxHeaderBytes: {
      schema: whole(1_024, 262_144),
      default: "16384",
      unit: "bytes",
      description: "The largest head of a request: its target and all headers.",
    },
    tlsCertFile: {
      schema: z.string().min(1),
      description:
        "File with the certificate chain (PEM); with it ingest speaks HTTPS only. Read once, at the start. Needs --ingest-tls-key-file.",
    },
    tlsKeyFile: {
      schema: z.string().min(1),
      description: "File with the private key (PEM) of --ingest-tls-cert-file.",
    },
    requireHttps: {
      schema: z.stringbool(),
      default: "false",
      description:
        "Whether requests that came without TLS, to ingest itself or to a trusted proxy, are refused. /live, /ready and /metrics are not.",
    },
    trustedProxies: {
      schema: z
        .string()
        .transform((text) => text.split(/[\s,]+/).filter((word) => word !== ""))
        .refine(areNetworks, "it is not a list of addresses and networks"),
      description:
        "Addresses and networks (CIDR) of the proxies before ingest, with commas between them; loopback, linklocal and uniquelocal are known names. Only what they say of a client is believed.",
    },
    forwardedHeader: {
      schema: z.enum(["x-forwarded-for", "forwarded"]),
      default: "x-forwarded-for",
      description:
        "The header in which trusted proxies say where a request comes from; x-forwarded-for goes with x-forwarded-proto.",
    },
    dataDir: {
      schema: z.string().min(1),
      description:
        "Directory for what must survive a restart, a folder for each process; without it nothing does. No two servers may share it.",
    },
    duplicateWindowIds: {
      schema: whole(1_000, 16_000_000),
      default: "1000000",
      unit: "ids",
      description:
        "How many of the last ids each process remembers to recognise duplicates. An id costs 32 bytes of memory: 1,000,000 cost 32 MB.",
    },
    duplicateWindowMs: {
      schema: whole(1_000, 30 * 24 * 3_600_000),
      default: "86400000",
      unit: "ms",
      description:
        "How long an id is remembered to recognise duplicates, if not so many others come that it is pushed out.",
    },
    acknowledgements: {
      schema: z.stringbool(),
      default: "true",
      description:
        "Whether the audit is told, once a second, which events Kafka has acknowledged, so that it sees when Kafka loses one.",
    },
    spool: {
      schema: z.stringbool(),
      default: "false",
      description:
        'Whether events are kept on the disk, and answered "durability":"local", while Kafka is away; needs --ingest-data-dir.',
    },
    spoolMaxBytes: {
      schema: whole(mebibyte, 1_024 * 1_024 * mebibyte),
      default: String(1_024 * mebibyte),
      unit: "bytes",
      description:
        "The largest spool of each process; when it is full, events are answered 503 again. An event takes its own Avro bytes and about 300 more.",
    },
    spoolAfterMs: {
      schema: whole(50, 5_000),
      default: "1000",
      unit: "ms",
      description:
        "How long an event waits for Kafka's acknowledgement before it, and those after it, go to the spool.",
    },
    tracingOtlpUrl: {
      schema: z.url({ protocol: /^https?$/ }),
      description:
        "Where spans are sent, one a request: the OTLP/HTTP address of an OpenTelemetry collector, such as http://127.0.0.1:4318. Without it the standard variables OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT count; without them nothing is traced.",
    },
    tracingRatio: {
      schema: z.coerce.number().min(0).max(1),
      default: "1",
      unit: "share",
      description: "The share of requests that are traced, of those that bring no trace context of their own.",
    },
    streamIdleTimeoutMs: {
      schema: whole(100, 600_000),
      default: "15000",
      unit: "ms",
      description:
        "How long a stream of lines may stand still: nothing comes from the client, or it takes none of its results.",
    },
    docsUrl: {
      schema: z.string(),
      default: "/errors/",
      description: "Where the pages of the error codes lie; an answer's docs link is this and the code.",
    },
  },
  {
    check: (o) => {
      if (o.apiKeysFile === undefined && !o.allowAnonymous) {
        return "--ingest-api-keys-file is needed, or --ingest-allow-anonymous true to accept events from everyone";
      }
      if (o.maxEventBytes > o.maxBodyBytes) return "--ingest-max-event-bytes cannot exceed --ingest-max-body-bytes";
      if (o.shedBulkPercent > o.shedNormalPercent) {
        return "--ingest-shed-bulk-percent cannot exceed --ingest-shed-normal-percent";
      }
      if ((o.tlsCertFile === undefined) !== (o.tlsKeyFile === undefined)) {
        return "--ingest-tls-cert-file and --ingest-tls-key-file need each other";
      }
      if (o.headersTimeoutMs > o.requestTimeoutMs) {
        return "--ingest-headers-timeout-ms cannot exceed --ingest-request-timeout-ms";
      }
      if (o.spool && o.dataDir === undefined) return "--ingest-spool true needs --ingest-data-dir";
      return undefined;
    },
  },
);

export type IngestOptions = ValuesOf<typeof ingestOptions>;
