import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createSendQueue, type SendPart } from "../../../kafka/send-queue.ts";
import { PipelineError } from "../../../runtime/index.ts";

/**
 * A topic in memory behind the producer's own queue. What becomes of a request is as with a real broker: it is written; or it hangs
 * until the broker is back; or it fails, written or not.
 */
export function createFakeKafka(deliveryTimeoutMs: number, maxBufferedBytes = 1024 * 1024) {
  const queue = createSendQueue({
    maxBufferedBytes,
    maxRequestBytes: 100_000,
    maxRequestRecords: 1_000,
    deliveryTimeoutMs,
    lingerMs: 0,
  });
  /** Values in the order of the topic. */
  const written: string[] = [];
  let isUp = true;
  let fate: "waits" | "fails" | "fails after writing" = "waits";
  let changed: () => void = () => undefined;

  const write = (request: readonly SendPart[]) => {
    for (const { records, from, to } of request) {
      for (const { value } of records.slice(from, to)) written.push(String(value));
    }
  };

  async function loop(): Promise<void> {
    for (let request = await queue.next(); request !== undefined; request = await queue.next()) {
      // A round trip.
      await new Promise((resolve) => setTimeout(resolve, 1));
      while (!isUp && fate === "waits") {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      if (isUp || fate === "fails after writing") write(request);
      if (isUp) queue.acknowledge(request);
      else {
        queue.fail(request, new PipelineError("kafka_produce_failed"));
        // A new client has to connect.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
  const expiry = setInterval(() => queue.expire(), 10);
  void loop();

  return {
    written,
    producer: {
      send: (topic: string, records: readonly OutgoingRecord[]) => queue.send(topic, records),
      /** As that of the real one, which knows it by an acknowledgement that does not come. */
      get connected() {
        return isUp || queue.oldestMs() < deliveryTimeoutMs / 2;
      },
    },
    bufferedBytes: queue.bufferedBytes,
    /** Requests that come now, and one that waits, meet this. */
    leave(how: typeof fate) {
      isUp = false;
      fate = how;
      changed();
    },
    comeBack() {
      isUp = true;
      changed();
    },
    close() {
      clearInterval(expiry);
      isUp = true;
      changed();
      queue.close();
    },
  };
}
