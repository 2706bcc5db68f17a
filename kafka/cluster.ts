import type { Admin } from "kafkajs";
import { clusterBehind } from "./kafkajs.ts";
import type { BrokerPool } from "./partial-answers.ts";

/** A record as a fetch brings it. */
export type FetchedMessage = {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
};

/** What we ask a single broker, as kafkajs 2.2.4 has it. */
export type Broker = {
  listOffsets(request: {
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly errorCode: number;
        readonly offset: string;
        /** Of the record at that offset; -1 where none was looked for. */
        readonly timestamp: string;
      }[];
    }[];
  }>;
  offsetFetch(request: { readonly groupId: string; readonly topics: readonly [] }): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  /** Those that this broker coordinates. */
  listGroups(): Promise<{ readonly groups: readonly { readonly groupId: string }[] }>;
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly {
      readonly errorCode: number;
      readonly groupId: string;
      readonly state: string;
      readonly members: readonly {
        readonly memberId: string;
        readonly clientId: string;
        readonly clientHost: string;
        readonly memberAssignment: Buffer;
      }[];
    }[];
  }>;
  fetch(request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{
    readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly FetchedMessage[] }[] }[];
  }>;
};

/** Brokers and partitions, as a cluster tells them. */
export type ClusterMetadata = {
  readonly clusterId: string;
  readonly brokers: readonly { readonly nodeId: number }[];
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly {
      readonly partitionId: number;
      readonly leader: number;
      readonly replicas: readonly number[];
      readonly isr: readonly number[];
    }[];
  }[];
};

/** What kafkajs knows about the brokers behind an admin. */
export type Cluster = {
  /** Asks for all topics, since an admin has none in particular. */
  refreshMetadata(): Promise<void>;
  readonly brokerPool: BrokerPool & { readonly metadata: ClusterMetadata };
  findBroker(request: { readonly nodeId: number }): Promise<Broker>;
};

/**
 * The cluster behind an admin, for questions that kafkajs asks for one topic or one group at a time only, and for reading records without a consumer group.
 * kafkajs 2.2.4 is pinned, and tests ask all of it of a real broker.
 */
export function clusterOf(admin: Admin): Cluster {
  return clusterBehind(admin) as Cluster;
}
