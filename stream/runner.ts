import type { KafkaConnection, Producer } from "../kafka/index.ts";
import type { Logger, Metrics, Service } from "../runtime/index.ts";
import type { Flow } from "./flow.ts";

export type RunnerParts = {
  readonly flow: Flow;
  readonly connection: KafkaConnection;
  /** Started before the runner and stopped after it, by whoever made it. */
  readonly producer: Producer;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The consumer group is this and the flow's name; default "hailstream-". */
  readonly groupPrefix?: string;
  /** In front of every topic name, so that several pipelines can share a cluster; default none. */
  readonly topicPrefix?: string;
  /** Partitions handled at the same time; default 6. */
  readonly concurrency?: number;
};

export declare function createRunner(parts: RunnerParts): Service;
