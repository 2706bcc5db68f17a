import type { Queryable } from "../../store/index.ts";

/** Why the door kept an event for itself. */
export type FoundQuarantine = {
  readonly quarantine_id: string;
  readonly type: string;
  readonly code: string;
  readonly state: string;
  readonly message: string | null;
  readonly key_name: string;
  readonly received_at: Date;
  readonly times_seen: number;
  readonly attempts: number;
};

export async function findQuarantined(db: Queryable, id: string): Promise<readonly FoundQuarantine[]> {
  return db.query<FoundQuarantine>(
    `select quarantine_id, type, code, state, violations -> 0 ->> 'message' as message, key_name, received_at, times_seen, attempts
     from quarantine.events where event_id = $1 order by received_at`,
    [id],
  );
}

/** Why a sink could not store a record of the event. */
export type FoundRejection = {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: bigint;
  readonly reason: string;
  readonly message: string;
  readonly at: Date;
  /** `redriven`: the sink has stored it after all. */
  readonly state: "open" | "redriven";
};

export async function findRejections(db: Queryable, id: string): Promise<readonly FoundRejection[]> {
  return db.query<FoundRejection>(
    `select consumer, topic, partition, record_offset, reason, message, at, state from pipeline.dead_letters
     where headers ->> 'ce_id' = $1 order by at`,
    [id],
  );
}

/** When letters of processors were redriven, by the place of the record that they are about, `topic/partition/offset`. */
export async function findRedriven(db: Queryable, places: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  if (places.length === 0) return new Map();
  const rows = await db.query<{ place: string; at: Date }>(
    `select concat_ws('/', topic, partition, record_offset) as place, tried_at as at from pipeline.topic_letters
     where state = 'redriven' and concat_ws('/', topic, partition, record_offset) = any ($1)`,
    [places],
  );
  return new Map(rows.map(({ place, at }) => [place, at]));
}

/** That Kafka had the event and lost it. */
export type FoundLoss = {
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: bigint;
  readonly event_type: string;
  readonly found_at: Date;
};

export async function findLosses(db: Queryable, id: string): Promise<readonly FoundLoss[]> {
  return db.query<FoundLoss>(
    "select topic, partition, record_offset, event_type, found_at from audit.lost where event_id = $1 order by found_at",
    [id],
  );
}

/** How far a consumer has stored a partition; undefined when it has not begun. */
export async function storedUpTo(
  db: Queryable,
  place: { readonly consumer: string; readonly topic: string; readonly partition: number },
): Promise<bigint | undefined> {
  const [row] = await db.query<{ next: bigint }>(
    "select next_offset as next from pipeline.checkpoints where consumer = $1 and topic = $2 and partition = $3",
    [place.consumer, place.topic, place.partition],
  );
  return row?.next;
}
