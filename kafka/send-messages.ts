/** What kafkajs hands to the part of its producer that is replaced here: as much of it as is used. */
type Partitioned = Readonly<Record<string, readonly unknown[]>>;
type TopicData = {
  readonly topic: string;
  readonly partitions: { partition: number; messages: readonly unknown[]; firstSequence?: number }[];
};
type Broker = { readonly nodeId: number; produce(request: object): Promise<unknown> };

export type Cluster = {
  readonly targetTopics: Iterable<string>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly unknown[];
  findLeaderForPartitions(topic: string, partitions: readonly string[]): Readonly<Record<string, readonly number[]>>;
  findBroker(which: { readonly nodeId: string }): Promise<Broker>;
  removeBroker(which: { readonly host: string; readonly port: number }): void;
  isConnected(): boolean;
  connect(): Promise<void>;
};

export type EosManager = {
  isTransactional(): boolean;
  getTransactionalId(): string;
  addPartitionsToTransaction(topicData: readonly TopicData[]): Promise<void>;
  acquireBrokerLock(broker: Broker): Promise<void>;
  releaseBrokerLock(broker: Broker): Promise<void>;
  getSequence(topic: string, partition: number): number;
  updateSequence(topic: string, partition: number, increment: number): void;
  getProducerId(): number;
  getProducerEpoch(): number;
};

type Acknowledged = { readonly topicName: string; readonly partition: number };
type KafkaJsError = Error & { readonly retriable?: boolean; readonly host?: string; readonly port?: number };
type Logger = { debug(message: string, extra?: object): void; error(message: string, extra?: object): void };
type Retrier = <T>(
  attempt: (bail: (error: unknown) => void, retryCount: number, retryTime: number) => Promise<T>,
) => Promise<T>;

/** The neighbours of the replaced part, which stay kafkajs's. */
export type KafkaJsParts = {
  readonly MetadataNotLoaded: new (message: string, extra?: object) => Error;
  readonly isStaleMetadata: (error: unknown) => boolean;
  readonly groupByPartition: (args: object) => Partitioned;
  readonly listResponses: (response: unknown) => readonly Acknowledged[];
};

type Request = {
  readonly acks: number;
  readonly timeout?: number;
  readonly compression?: number;
  readonly topicMessages: readonly { readonly topic: string; readonly messages: readonly unknown[] }[];
};

const placeOf = (topic: string, partition: number | string) => `${topic}/${partition}`;

/**
 * Sends records to the leaders of their partitions, and again what was not acknowledged, until each partition is.
 *
 * kafkajs's own notes which *broker* has answered. When some partitions fail since their leader has changed, and the new leader is a broker that has
 * answered for others already, these partitions are sent to nobody, and the call resolves as if they were written. It also begins the next try while
 * requests of the former are under way, so that a partition whose leader changes meanwhile is sent under the sequence numbers behind those.
 */
export function createSendMessages(parts: KafkaJsParts) {
  return (p: {
    readonly logger: Logger;
    readonly cluster: Cluster;
    readonly partitioner: unknown;
    readonly eosManager: EosManager;
    readonly retrier: Retrier;
  }) =>
    async ({ acks, timeout, compression, topicMessages }: Request): Promise<readonly Acknowledged[]> => {
      const { logger, cluster, partitioner, eosManager, retrier } = p;
      const acknowledged = new Map<string, Acknowledged>();

      /** What is to be sent to each broker. @throws when a partition has no leader that is known */
      async function unacknowledged(): Promise<ReadonlyMap<Broker, readonly TopicData[]>> {
        const perBroker = new Map<Broker, TopicData[]>();
        await cluster.refreshMetadataIfNecessary();
        for (const { topic, messages } of topicMessages) {
          const partitionMetadata = cluster.findTopicPartitionMetadata(topic);
          if (partitionMetadata.length === 0) {
            throw new parts.MetadataNotLoaded("Producing to topic without metadata", { topic });
          }
          const groups = parts.groupByPartition({ topic, partitionMetadata, messages, partitioner });
          const open = Object.keys(groups).filter((partition) => !acknowledged.has(placeOf(topic, partition)));
          const leaders = Object.entries(cluster.findLeaderForPartitions(topic, open));
          if (leaders.reduce((sum, [, led]) => sum + led.length, 0) < open.length) {
            throw new parts.MetadataNotLoaded("Producing to partitions without metadata", { topic });
          }
          for (const [nodeId, led] of leaders) {
            const broker = await cluster.findBroker({ nodeId });
            const partitions = led.map((partition) => ({ partition, messages: groups[partition] ?? [] }));
            perBroker.set(broker, [...(perBroker.get(broker) ?? []), { topic, partitions }]);
          }
        }
        return perBroker;
      }

      async function produce(broker: Broker, topicData: readonly TopicData[]): Promise<void> {
        await eosManager.acquireBrokerLock(broker);
        try {
          const isTransactional = eosManager.isTransactional();
          if (isTransactional) await eosManager.addPartitionsToTransaction(topicData);
          const entries = topicData.flatMap(({ topic, partitions }) => partitions.map((entry) => ({ topic, entry })));
          for (const { topic, entry } of entries) {
            entry.firstSequence = eosManager.getSequence(topic, entry.partition);
            eosManager.updateSequence(topic, entry.partition, entry.messages.length);
          }
          try {
            const response = await broker.produce({
              transactionalId: isTransactional ? eosManager.getTransactionalId() : undefined,
              producerId: eosManager.getProducerId(),
              producerEpoch: eosManager.getProducerEpoch(),
              ...{ acks, timeout, compression, topicData },
            });
            const answered =
              acks === 0
                ? entries.map(({ topic, entry }) => ({ topicName: topic, partition: entry.partition }))
                : parts.listResponses(response);
            for (const each of answered) acknowledged.set(placeOf(each.topicName, each.partition), each);
            if (entries.some(({ topic, entry }) => !acknowledged.has(placeOf(topic, entry.partition))))
              throw new parts.MetadataNotLoaded("A partition was not acknowledged");
          } catch (error) {
            // The same records go out under the same numbers: should they be written already, the broker recognises them.
            for (const { topic, entry } of entries)
              eosManager.updateSequence(topic, entry.partition, -entry.messages.length);
            throw error;
          }
        } finally {
          await eosManager.releaseBrokerLock(broker);
        }
      }

      /** Makes the next try possible, or ends the trying. As kafkajs does it. */
      async function recover(error: KafkaJsError, bail: (error: unknown) => void, tries: object): Promise<void> {
        if (error.name === "KafkaJSConnectionClosedError" && error.host !== undefined && error.port !== undefined)
          cluster.removeBroker({ host: error.host, port: error.port });
        if (!cluster.isConnected()) {
          logger.debug(`Cluster has disconnected, reconnecting: ${error.message}`, tries);
          await cluster.connect();
          await cluster.refreshMetadata();
          throw error;
        }
        const isPassing =
          parts.isStaleMetadata(error) ||
          ["KafkaJSMetadataNotLoaded", "KafkaJSConnectionError", "KafkaJSConnectionClosedError"].includes(error.name) ||
          (error.name === "KafkaJSProtocolError" && error.retriable === true);
        if (isPassing) {
          logger.error(`Failed to send messages: ${error.message}`, tries);
          await cluster.refreshMetadata();
          throw error;
        }
        logger.error(error.message, tries);
        if (error.retriable === true) throw error;
        bail(error);
      }

      return retrier(async (bail, retryCount, retryTime) => {
        await cluster.addMultipleTargetTopics(topicMessages.map(({ topic }) => topic));
        try {
          const perBroker = await unacknowledged();
          // All of them, also when one fails: nothing of this try may be under way in the next one.
          const results = await Promise.allSettled(
            [...perBroker].map(([broker, topicData]) => produce(broker, topicData)),
          );
          const failed = results.find((result) => result.status === "rejected");
          if (failed !== undefined) throw failed.reason;
        } catch (error) {
          await recover(error as KafkaJsError, bail, { retryCount, retryTime });
        }
        return [...acknowledged.values()];
      });
    };
}
