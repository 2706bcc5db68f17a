import { claim } from "./checkpoint.ts";
import type { Database } from "./database.ts";

/** The right to store a partition, as this process holds it since the group join `generation`. */
export type PartitionClaim = {
  readonly generation: number;
  readonly epoch: bigint;
  /** The first offset that is not stored yet. */
  nextOffset: bigint;
  /** Where reading was moved to because a batch began behind `nextOffset`; a gap that is still there then is none of ours. */
  soughtTo?: bigint;
};

export type PartitionClaims = {
  /** The claim of this generation; taken from the database when there is none yet. @throws PipelineError store_* */
  of(topic: string, partition: number, generation: number): Promise<PartitionClaim>;
  /** Forgets a claim that may not hold any more, so that the next call takes it anew and learns what is stored. */
  drop(topic: string, partition: number): void;
};

/**
 * Claims are taken lazily, at a partition's first batch after each join of the group. The offset to begin with, for a partition
 * that nobody has stored yet, is 0: the database alone says what is stored, not the group's offsets, which may be those of
 * another database.
 */
export function createPartitionClaims(db: Database, consumer: string): PartitionClaims {
  const claims = new Map<string, PartitionClaim>();
  return {
    async of(topic, partition, generation) {
      const key = `${topic}/${partition}`;
      const held = claims.get(key);
      if (held !== undefined && held.generation === generation) return held;
      const taken = await claim(db, consumer, topic, partition, 0n);
      const fresh = { generation, ...taken };
      claims.set(key, fresh);
      return fresh;
    },
    drop(topic, partition) {
      claims.delete(`${topic}/${partition}`);
    },
  };
}
