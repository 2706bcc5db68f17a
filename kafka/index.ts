export {
  type ClusterState,
  clusterState,
  type GroupMember,
  type GroupState,
} from "./cluster-state.ts";
export { connectKafka, type KafkaConnection, outageRetry, shortRetry } from "./connection.ts";
export { type BatchControl, type ConsumerParts, createConsumer } from "./consumer.ts";
export {
  type ConsumerLag,
  consumerLags,
  endsOfTopics,
  lagsFrom,
  type MissingLag,
  type PartitionLag,
  type PartitionState,
  type PlaceLag,
} from "./consumer-lag.ts";
export { type Cut, type CutPartition, cutPartitions } from "./cut-partitions.ts";
export { HeaderReader } from "./header-reader.ts";
export { createKnownAges, type KnownAges } from "./known-ages.ts";
export { type KafkaOptions, kafkaOptions } from "./options.ts";
export { partitionOf } from "./partitioner.ts";
export { type Acknowledged, createProducer, type Producer, type ProducerParts } from "./producer.ts";
export { type PagePlace, type RecordPage, readPage } from "./read-page.ts";
export { type OffsetRange, offsetsBetween, readOffsets, readRange } from "./read-range.ts";
export { RawHeaders } from "./record-format.ts";
export { headerText, type KafkaRecord, type OutgoingRecord, type RecordBatch } from "./records.ts";
export { createTableReader } from "./table-reader.ts";
export {
  allTopics,
  clusterIdOf,
  ensureTopics,
  groupLag,
  removeWorkspace,
  setGroupOffsets,
  type TopicSpec,
  topicEnds,
  topicSettings,
  topicSpecs,
  topicTable,
  withAdmin,
} from "./topics.ts";
