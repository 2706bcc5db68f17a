import type { Anomaly, Attempt, Carried, History, Polled } from "./history.ts";

/**
 * Everything in a history that the pipeline's guarantees rule out, and nothing else. Allowed are: an event twice in a topic (the answer to the first try was
 * lost), records read again after a join, the same delivery posted twice, and any fate of an event whose answer never came.
 *
 * After Jepsen's checker for Kafka (jepsen.tests.kafka): inconsistent offsets, lost writes, duplicates, skipped polls, unseen records; made stricter where
 * checkpoints promise more than Kafka, and with real-time order for each key.
 */
export function checkHistory(history: History): readonly Anomaly[] {
  const places = placesOf(history.carried);
  return [
    ...inconsistentOffsets(history, places),
    ...notDurable(history),
    ...lost(history),
    ...duplicated(history),
    ...phantoms(history),
    ...reordered(history),
    ...skipped(history, places),
    ...stuck(history, places),
  ];
}

/** The ids of each partition by offset. */
type Places = ReadonlyMap<string, ReadonlyMap<number, string>>;

const partitionOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;

function placesOf(carried: readonly Carried[]): Places {
  const places = new Map<string, Map<number, string>>();
  for (const record of carried) {
    const partition = entryOf(places, partitionOf(record), () => new Map<number, string>());
    if (!partition.has(record.offset)) partition.set(record.offset, record.id);
  }
  return places;
}

/** An offset names one record, whoever reads it and however often. */
function inconsistentOffsets({ carried, polled }: History, places: Places): readonly Anomaly[] {
  const told = new Set<string>();
  return [...carried, ...polled].flatMap((record) => {
    const where = `${partitionOf(record)}@${record.offset}`;
    const first = places.get(partitionOf(record))?.get(record.offset);
    // A record that only a consumer has seen is one that the reader from the beginning no longer finds.
    const detail =
      first === undefined
        ? `${record.id} was read here and is not here`
        : `holds ${first} for one reader and ${record.id} for another`;
    if (first === record.id || told.has(where)) return [];
    told.add(where);
    return [{ kind: "inconsistent-offsets", where, id: record.id, detail } as const];
  });
}

/** What was answered with a 2xx is in Kafka. */
function notDurable({ attempts, carried }: History): readonly Anomaly[] {
  const there = new Set(carried.map(({ id }) => id));
  return [...accepted(attempts).keys()]
    .filter((id) => !there.has(id))
    .map((id) => ({
      kind: "acknowledged-but-not-durable",
      where: "kafka",
      id,
      detail: "was answered as accepted, and no topic has it",
    }));
}

/** What is in Kafka is a row, or lies where dead letters do; and what is to be delivered was. */
function lost({ carried, rows, deadLetters, delivered, toDeliver }: History): readonly Anomaly[] {
  const stored = new Set([...rows, ...deadLetters]);
  const posted = new Set(delivered.map(({ eventId }) => eventId));
  const carriedIds = [...new Set(carried.map(({ id }) => id))];
  const wanted = new Set(toDeliver);
  return [
    ...carriedIds
      .filter((id) => !stored.has(id))
      .map((id) => {
        const detail = "is in Kafka, and neither a row nor a dead letter";
        return { kind: "lost", where: "rows", id, detail } as const;
      }),
    ...carriedIds
      .filter((id) => wanted.has(id) && !posted.has(id))
      .map((id) => ({ kind: "lost", where: "deliveries", id, detail: "is in Kafka, and was not delivered" }) as const),
  ];
}

function duplicated({ rows, delivered }: History): readonly Anomaly[] {
  const deliveries = new Map<string, Set<string>>();
  for (const { eventId, deliveryId } of delivered) entryOf(deliveries, eventId, () => new Set()).add(deliveryId);
  return [
    ...[...countsOf(rows)]
      .filter(([, count]) => count > 1)
      .map(([id, count]) => ({ kind: "duplicated", where: "rows", id, detail: `is ${count} rows` }) as const),
    ...[...deliveries]
      .filter(([, ids]) => ids.size > 1)
      .map(([id, ids]) => {
        const detail = `was delivered under ${ids.size} ids: ${[...ids].join(", ")}`;
        return { kind: "duplicated", where: "deliveries", id, detail } as const;
      }),
  ];
}

/** What is anywhere was sent by somebody, and not refused every time. */
function phantoms({ attempts, carried, rows, deadLetters, delivered }: History): readonly Anomaly[] {
  const possible = new Set(
    attempts
      .filter(({ answer }) => answer?.status !== "rejected" && answer?.status !== "quarantined")
      .map(({ id }) => id),
  );
  const seen: readonly (readonly [where: string, ids: readonly string[]])[] = [
    ["kafka", carried.map(({ id }) => id)],
    ["rows", rows],
    ["dead letters", deadLetters],
    ["deliveries", delivered.map(({ eventId }) => eventId)],
  ];
  return seen.flatMap(([where, ids]) =>
    [...new Set(ids)]
      .filter((id) => !possible.has(id))
      .map((id) => ({ kind: "phantom", where, id, detail: "was never sent, or refused every time" }) as const),
  );
}

/**
 * Of two events of one key, the one that was accepted before the other was sent comes first, wherever both are carried. The first of an event's records
 * counts: a later one of the same id changes nothing.
 */
function reordered({ attempts, carried }: History): readonly Anomaly[] {
  const acceptedAt = accepted(attempts);
  const sent = new Map<string, { readonly key: string; readonly at: number }>();
  for (const { id, key, sentAt } of attempts) {
    const known = sent.get(id);
    if (known === undefined || sentAt < known.at) sent.set(id, { key, at: sentAt });
  }
  const found: Anomaly[] = [];
  for (const [topic, records] of groupsOf(carried, ({ topic }) => topic)) {
    const firsts = new Map<string, Carried>();
    for (const record of records) {
      const first = firsts.get(record.id);
      if (first === undefined || isBefore(record, first)) firsts.set(record.id, record);
    }
    const keyed = groupsOf(firsts.values(), ({ id }) => sent.get(id)?.key);
    keyed.delete(undefined);
    for (const [key, ofKey] of keyed) {
      const partitions = new Set(ofKey.map(({ partition }) => partition));
      if (partitions.size > 1) {
        const detail = `its key ${key} is in the partitions ${[...partitions].join(", ")}`;
        found.push({ kind: "reordered", where: topic, id: ofKey.at(-1)?.id ?? "", detail });
        continue;
      }
      let latest: { readonly id: string; readonly at: number } | undefined;
      for (const { id } of ofKey.sort((a, b) => a.offset - b.offset)) {
        const done = acceptedAt.get(id);
        if (latest !== undefined && done !== undefined && latest.at > done) {
          const detail = `lies behind ${latest.id}, which was sent only after it had been accepted`;
          found.push({ kind: "reordered", where: topic, id, detail });
        }
        const at = sent.get(id)?.at ?? 0;
        if (latest === undefined || at > latest.at) latest = { id, at };
      }
    }
  }
  return found;
}

/** Within a generation a consumer gets the records of a partition without a gap, and it says of none that it is behind it without having had it. */
function skipped({ polled, progress }: History, places: Places): readonly Anomaly[] {
  const found = new Map<string, Anomaly>();
  const tell = (consumer: string, partition: string, offset: number, why: string) => {
    const id = places.get(partition)?.get(offset) ?? "";
    const where = `${consumer} ${partition}@${offset}`;
    found.set(where, { kind: "skipped", where, id, detail: why });
  };
  for (const [, records] of groupsOf(polled, (each) => `${each.consumer} ${partitionOf(each)} ${each.generation}`)) {
    for (let i = 1; i < records.length; i++) {
      const [before, after] = [records[i - 1] as Polled, records[i] as Polled];
      for (let offset = before.offset + 1; offset < after.offset; offset++) {
        if (places.get(partitionOf(after))?.has(offset))
          tell(
            after.consumer,
            partitionOf(after),
            offset,
            `lies between two records that were read one after the other`,
          );
      }
    }
  }
  const had = new Map<string, Set<number>>();
  for (const record of polled)
    entryOf(had, `${record.consumer} ${partitionOf(record)}`, () => new Set()).add(record.offset);
  for (const { consumer, nextOffset, ...place } of progress) {
    const partition = partitionOf(place);
    for (const offset of places.get(partition)?.keys() ?? []) {
      if (offset < nextOffset && had.get(`${consumer} ${partition}`)?.has(offset) !== true)
        tell(consumer, partition, offset, "is behind the consumer's progress, and it never had it");
    }
  }
  return [...found.values()];
}

/** When all has come to rest nobody waits: neither a consumer in front of a record nor an app for a last answer. */
function stuck({ attempts, progress }: History, places: Places): readonly Anomaly[] {
  const found: Anomaly[] = [];
  for (const { consumer, nextOffset, ...place } of progress) {
    const partition = partitionOf(place);
    let last = -1;
    for (const offset of places.get(partition)?.keys() ?? []) last = Math.max(last, offset);
    const id = places.get(partition)?.get(nextOffset) ?? "";
    const detail = `stands at ${nextOffset} and the last record is ${last}`;
    if (last >= nextOffset) found.push({ kind: "stuck", where: `${consumer} ${partition}`, id, detail });
  }
  for (const [id, tries] of groupsOf(attempts, (attempt) => attempt.id)) {
    const settled = tries.some(({ answer }) => answer !== undefined && answer.status !== "retry");
    if (!settled) found.push({ kind: "stuck", where: "app", id, detail: `has no answer after ${tries.length} tries` });
  }
  return found;
}

/** When each event was first known to be accepted; a duplicate was accepted earlier, and known to be by then. */
function accepted(attempts: readonly Attempt[]): ReadonlyMap<string, number> {
  const at = new Map<string, number>();
  for (const { id, answer } of attempts) {
    if (answer === undefined || (answer.status !== "accepted" && answer.status !== "duplicate")) continue;
    at.set(id, Math.min(at.get(id) ?? Number.POSITIVE_INFINITY, answer.at));
  }
  return at;
}

const isBefore = (a: Carried, b: Carried) => a.partition === b.partition && a.offset < b.offset;

function countsOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function groupsOf<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) entryOf(groups, keyOf(item), () => []).push(item);
  return groups;
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
