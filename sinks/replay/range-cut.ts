import { type Cut, cutPartitions, type KafkaConnection } from "../../kafka/index.ts";
import { type Logger, PipelineError } from "../../runtime/index.ts";

/** A partition of which records of the range are gone, or may be, and when the earliest that is left arrived (RFC 3339; null: none is left). */
export type RangeCut = { readonly partition: number; readonly gone: number; readonly earliest: string | null };

/**
 * Looks whether Kafka still has all that arrived since a moment.
 * @param partial replay what is left
 * @returns the partitions of which something may be gone
 * @throws PipelineError replay_range_cut when retention, or somebody, has taken some of it
 */
export async function refuseCutRange(
  parts: { readonly connection: KafkaConnection; readonly log: Logger },
  topic: string,
  fromMs: number,
  partial: boolean,
): Promise<readonly RangeCut[]> {
  const cut = await cutPartitions(parts, topic, fromMs);
  const partitions = cut.partitions.map(({ partition, low, earliestMs }) => ({
    ...{ partition, gone: Number(low) },
    earliest: earliestMs === undefined ? null : new Date(earliestMs).toISOString(),
  }));
  if (partitions.length === 0 || cut.isOlder || partial) return partitions;
  throw new PipelineError("replay_range_cut", { message: wordsOf(topic, fromMs, partitions, cut) });
}

function wordsOf(topic: string, fromMs: number, partitions: readonly RangeCut[], cut: Cut): string {
  const named = partitions.map(
    ({ partition, gone, earliest }) =>
      `partition ${partition} ${earliest === null ? "has nothing left" : `begins at ${earliest}`} (${gone} records before are gone)`,
  );
  const begins = cut.partitions.map(({ earliestMs }) => earliestMs ?? Number.POSITIVE_INFINITY);
  const whole = Math.max(...begins) + 1;
  const until = Number.isFinite(whole) ? ` Whole is what arrived from ${new Date(whole).toISOString()} on.` : "";
  return `Kafka no longer has all that arrived in ${topic} since ${new Date(fromMs).toISOString()}: ${named.join("; ")}.${until}`;
}
