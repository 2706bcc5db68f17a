import type { Producer } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { Destination } from "../store-events.ts";

/**
 * Kafka alone. When an acknowledgement did not come in time and none comes since then, nobody waits for one any more: events are refused
 * at once until the producer's own tries have reached Kafka again. So an outage costs each request nothing, and the memory no more than what
 * waited at its beginning.
 */
export function createKafkaDestination(producer: Pick<Producer, "send" | "connected">): Destination {
  let hasFailed = false;
  return {
    async send(topic, records) {
      // A producer that is still connecting for the first time has not failed: its first events may wait.
      if (hasFailed && !producer.connected) throw new PipelineError("kafka_produce_failed");
      try {
        await producer.send(topic, records);
        hasFailed = false;
      } catch (error) {
        if (PipelineError.is(error, "kafka_produce_failed")) hasFailed = true;
        throw error;
      }
      return "replicated";
    },
  };
}
