import { createRequire } from "node:module";
import { crc32c } from "@node-rs/crc32";
import { createByteWriterClass } from "./byte-writer.ts";
import { beatThroughClockChanges, timeOutBySteadyClock } from "./clock-changes.ts";
import { followCoordinator } from "./coordinator.ts";
import { decodeRecord } from "./decode-record.ts";
import { createRecordEncoder } from "./encode-record.ts";
import { groupByPartition } from "./group-by-partition.ts";
import { checkWhileRequestsWait } from "./pending-requests.ts";
import { createSendMessages, type KafkaJsParts } from "./send-messages.ts";

/**
 * kafkajs with its five slowest parts replaced before it loads (see docs/adr/0002-record-format.md), one that loses records when leaders move, two
 * that a wall clock that is set would lead astray (clock-changes.ts), one that wakes the process all the time (pending-requests.ts), and one that commits to a broker that
 * coordinates the group no more (coordinator.ts); and with its admins remembered, so that {@link clusterBehind} finds what they ask with. The version is pinned, and tests hold the replacements against the originals. Nothing else may load kafkajs's code.
 */
const load = createRequire(import.meta.url);

function replaceModule(path: string, replace: (original: never) => unknown): unknown {
  const file = load.resolve(path);
  const original: unknown = load(file);
  const entry = load.cache[file];
  if (entry !== undefined) entry.exports = replace(original as never);
  return original;
}

function sendParts(): KafkaJsParts {
  return {
    MetadataNotLoaded: load("kafkajs/src/errors.js").KafkaJSMetadataNotLoaded,
    isStaleMetadata: load("kafkajs/src/protocol/error.js").staleMetadata,
    groupByPartition: groupByPartition as unknown as KafkaJsParts["groupByPartition"],
    listResponses: load("kafkajs/src/producer/responseSerializer.js"),
  };
}

type CreateAdmin = (parts: { readonly cluster: unknown }) => object;
const clusters = new WeakMap<object, unknown>();

const rememberClusters = (createAdmin: CreateAdmin): CreateAdmin =>
  function createRememberedAdmin(parts) {
    const admin = createAdmin(parts);
    clusters.set(admin, parts.cluster);
    return admin;
  };

/** kafkajs's own object that an admin asks the brokers with. */
export const clusterBehind = (admin: object): unknown => clusters.get(admin);

/** kafkajs's own functions, for the tests that compare. */
export const originals = {
  // First: the others load it.
  Encoder: replaceModule("kafkajs/src/protocol/encoder.js", createByteWriterClass),
  encodeRecord: replaceModule("kafkajs/src/protocol/recordBatch/record/v0/index.js", createRecordEncoder),
  decodeRecord: replaceModule("kafkajs/src/protocol/recordBatch/record/v0/decoder.js", () => decodeRecord),
  crc32c: replaceModule("kafkajs/src/protocol/recordBatch/crc32C/index.js", () => (bytes: Buffer) => crc32c(bytes)),
  groupByPartition: replaceModule("kafkajs/src/producer/groupMessagesPerPartition.js", () => groupByPartition),
  sendMessages: replaceModule("kafkajs/src/producer/sendMessages.js", () => createSendMessages(sendParts())),
  createAdmin: replaceModule("kafkajs/src/admin/index.js", rememberClusters),
} as const;

replaceModule("kafkajs/src/network/requestQueue/index.js", timeOutBySteadyClock);
replaceModule("kafkajs/src/network/requestQueue/index.js", checkWhileRequestsWait);
replaceModule("kafkajs/src/consumer/offsetManager/index.js", followCoordinator);
replaceModule("kafkajs/src/consumer/consumerGroup.js", beatThroughClockChanges);

export const { AssignerProtocol, Kafka, logLevel } = load("kafkajs") as typeof import("kafkajs");

/** The error that the protocol means by a number. */
export const { createErrorFromCode } = load("kafkajs/src/protocol/error.js") as {
  readonly createErrorFromCode: (code: number) => Error;
};
