import { expect, onTestFinished, test } from "vitest";
import { createKafkaDestination } from "../../../ingest/spool/kafka-destination.ts";
import type { PipelineError } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";
import { createFakeKafka } from "./fake-kafka.ts";
import { recordOf } from "./fixtures.ts";

const kilobyte = 1_000;

test("without a spool an outage costs one wait: then events are refused at once, hold no memory, and are taken again", async () => {
  const limit = 100 * kilobyte;
  const kafka = createFakeKafka(1_000, limit);
  onTestFinished(() => kafka.close());
  let asked = 0;
  const destination = createKafkaDestination({
    send(topic, records) {
      asked++;
      return kafka.producer.send(topic, records);
    },
    get connected() {
      return kafka.producer.connected;
    },
  });
  const send = (value: string) =>
    destination.send("topic", [{ ...recordOf(value), value: Buffer.from(value.padEnd(kilobyte)) }], {
      replicated: false,
    });
  const codeOf = (value: string) => send(value).catch((error: PipelineError) => error.code);
  expect(await send("before")).toBe("replicated");

  kafka.leave("waits");
  // Far more than there is room for.
  const first = Array.from({ length: 500 }, (_, n) => codeOf(String(n)));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, kafka.bufferedBytes());
  }, 1);
  const codes = new Set(await Promise.all(first));
  expect([...codes].sort()).toEqual(["kafka_produce_buffer_full", "kafka_produce_failed"]);
  asked = 0;
  for (let n = 0; n < 2_000; n++) expect(await codeOf("later")).toBe("kafka_produce_failed");
  expect(asked).toBe(0);
  clearInterval(watch);
  expect(most).toBeGreaterThan(limit / 2);
  expect(most).toBeLessThanOrEqual(limit);
  expect(kafka.bufferedBytes()).toBe(0);

  kafka.comeBack();
  await eventually(async () => (await codeOf("after")) === "replicated");
  expect(kafka.written.some((value) => value.startsWith("later"))).toBe(false);
});
