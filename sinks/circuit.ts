import { type Logger, type Metrics, PipelineError } from "../runtime/index.ts";
import type { Rejection } from "./sink.ts";

export type Circuit = {
  /**
   * To be called inside the transaction, before the rejected records are kept.
   * @throws PipelineError sink_circuit_open, when nothing of a topic can be stored any more: then the fault is hardly in the records
   */
  judge(topic: string, records: number, rejections: readonly Rejection[]): void;
  /** To be called after the commit. */
  committed(topic: string, records: number, rejections: readonly Rejection[]): void;
  /** To be called when `judge` has thrown; gives after how many milliseconds to try again. */
  opened(topic: string, error: PipelineError): number;
};

const firstRestMs = 1_000;
const longestRestMs = 60_000;

/**
 * Keeps a sink from moving a whole topic into the dead letters when the registry, a constraint or a producer is at fault: after `limit` records in a row of which
 * none could be stored, nothing is kept and no offset moves; the batch is tried again, ever more seldom, until something of it can be stored. Topics do not
 * disturb each other. A limit of 0 keeps the circuit closed.
 */
export function createCircuit(parts: {
  readonly consumer: string;
  readonly limit: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}): Circuit {
  const { consumer, limit, log } = parts;
  const gauge = parts.metrics.gauge(
    "hailstream_sinks_circuit_open",
    "1 while a topic waits since none of its records can be stored.",
    ["consumer", "topic"],
  );
  /** How many records in a row were rejected, up to now. */
  const inARow = new Map<string, number>();
  /** Of the topics that wait: after how long they are tried the next time. */
  const rests = new Map<string, number>();

  return {
    judge(topic, records, rejections) {
      if (limit === 0 || rejections.length === 0 || rejections.length < records) return;
      const failed = (inARow.get(topic) ?? 0) + rejections.length;
      if (failed < limit) return;
      const { reason, message, sqlState, record } = rejections[0] as Rejection;
      throw new PipelineError("sink_circuit_open", {
        message: `none of the last ${failed} records of ${topic} could be stored; the first: ${message}`,
        fields: { topic, reason, ...(sqlState === undefined ? {} : { sqlState }), offset: record.offset },
      });
    },
    committed(topic, records, rejections) {
      if (records === 0) return;
      inARow.set(topic, rejections.length < records ? 0 : (inARow.get(topic) ?? 0) + records);
      if (!rests.delete(topic)) return;
      gauge.set({ consumer, topic }, 0);
      log.info({ consumer, topic }, "the circuit is closed: records can be stored again");
    },
    opened(topic, error) {
      const rest = rests.get(topic);
      if (rest === undefined) {
        gauge.set({ consumer, topic }, 1);
        log.error(
          { err: error, consumer, topic },
          "the circuit is open: the topic waits, nothing of it is dead-lettered",
        );
      }
      rests.set(topic, Math.min(longestRestMs, (rest ?? firstRestMs / 2) * 2));
      return rests.get(topic) as number;
    },
  };
}
