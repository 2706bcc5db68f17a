import { createProducer, type KafkaConnection, type OutgoingRecord } from "../kafka/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { envelopeHeaders } from "../schemas/index.ts";

const batchRecords = 2_000;
const minutes = 10;
const start = Date.UTC(2026, 10, 22, 21);
/** About the size of a location. */
const value = Buffer.alloc(60, 7);

/**
 * Fills a topic with ten minutes of what some drivers send, and behind them, in each partition, an event that closes all windows.
 * @returns how many results a count by driver and minute has; those of the last events are not among them
 */
export async function writeWindowedData(
  connection: KafkaConnection,
  topic: string,
  size: { readonly records: number; readonly drivers: number; readonly partitions: number },
): Promise<number> {
  const producer = createProducer({ name: "bench", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start((cause) => {
    throw cause;
  });
  const results = new Set<number>();
  const record = (key: string, i: number, timeMs: number): OutgoingRecord => ({
    key,
    value,
    headers: envelopeHeaders({
      id: `0198a000-0000-7000-8000-${i.toString(16).padStart(12, "0")}`,
      type: "driver.location",
      source: "/apps/driver/android/6.1.2",
      time: new Date(timeMs).toISOString(),
      receivedAt: timeMs,
    }),
  });
  try {
    for (let from = 0; from < size.records; from += batchRecords) {
      const records = Array.from({ length: Math.min(batchRecords, size.records - from) }, (_, j) => {
        const i = from + j;
        // Every driver in turn, with a stride that shuffles them, a little out of order.
        const driver = (i * 7_919) % size.drivers;
        const timeMs = start + Math.floor((i / size.records) * minutes * 60_000) - ((i * 31) % 5_000);
        results.add(driver * 100 + Math.floor((timeMs - start + 60_000) / 60_000));
        return record(`drv_${driver}`, i, timeMs);
      });
      await producer.send(topic, records);
    }
    const last = start + (minutes + 60) * 60_000;
    for (let partition = 0; partition < size.partitions; partition++)
      await producer.send(topic, [{ ...record(`end_${partition}`, size.records + partition, last), partition }]);
  } finally {
    await producer.stop();
  }
  return results.size;
}
