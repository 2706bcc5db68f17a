import { createRandom } from "../../apps/random.ts";
import type { Attempt, Carried, History, Polled } from "../../audit/history.ts";

const topic = "trip-events";
const enriched = "trip-events-enriched";
const partitions = 3;
const sinkName = "sink";

/**
 * A run in which all goes as promised, and as it goes under faults: lost answers, tries that came through twice, duplicates, refusals, dead letters, records
 * written and read again after joins, offsets that hold no record, posts that were repeated. The same seed gives the same history.
 */
export function goodHistory(seed: number, events = 60): History {
  const random = createRandom(seed);
  const chance = (share: number) => random() < share;
  const faulty = random() * 0.4;
  const attempts: Attempt[] = [];
  const logs = Array.from({ length: partitions }, () => ({
    next: Math.floor(random() * 5),
    ids: new Map<number, string>(),
  }));
  const append = (key: string, id: string) => {
    const log = logs[key.charCodeAt(key.length - 1) % partitions] as (typeof logs)[number];
    // A record of a failed transaction, or one that compaction has taken.
    if (chance(0.05)) log.next += 1;
    log.ids.set(log.next++, id);
  };
  let now = 1_000;
  for (let n = 0; n < events; n++) {
    const id = `event-${n}`;
    const key = `trip-${Math.floor(random() * 8)}`;
    const bad = chance(0.05);
    for (let stored = false, done = false; !done; ) {
      const sentAt = now++;
      now += Math.floor(random() * 10);
      const at = now++;
      if (bad) {
        attempts.push({ id, key, sentAt, answer: { status: chance(0.5) ? "rejected" : "quarantined", at } });
        done = true;
      } else if (chance(faulty)) {
        // The broker may have it although the app hears nothing, or that it is to come again.
        if (chance(0.5)) {
          append(key, id);
          stored = true;
        }
        attempts.push({ id, key, sentAt, ...(chance(0.5) ? {} : { answer: { status: "retry", at } }) });
      } else {
        const known = stored && chance(0.5);
        if (!known) append(key, id);
        attempts.push({ id, key, sentAt, answer: { status: known ? "duplicate" : "accepted", at } });
        done = true;
        // Some apps send once more what was accepted.
        if (chance(0.05)) attempts.push({ id, key, sentAt: now++, answer: { status: "duplicate", at: now++ } });
      }
    }
  }
  const source = carriedOf(topic, logs);
  const written = rewritten(source, chance);
  const carried = [...source, ...written];
  const dead = new Set([...new Set(source.map(({ id }) => id))].filter(() => chance(0.03)));
  const arrived = [...new Set(source.map(({ id }) => id))];
  const alerts = arrived.filter(() => chance(0.1));
  return {
    attempts,
    carried,
    polled: [...polls("enricher", source, chance, random), ...polls(sinkName, written, chance, random)],
    progress: [...progressOf("enricher", source), ...progressOf(sinkName, written)],
    rows: arrived.filter((id) => !dead.has(id)),
    deadLetters: [...dead],
    toDeliver: alerts,
    delivered: alerts.flatMap((eventId) => {
      const post = { deliveryId: `delivery-of-${eventId}`, eventId };
      return chance(0.3) ? [post, post] : [post];
    }),
  };
}

function carriedOf(name: string, logs: readonly { readonly ids: ReadonlyMap<number, string> }[]): Carried[] {
  return logs.flatMap(({ ids }, partition) => [...ids].map(([offset, id]) => ({ topic: name, partition, offset, id })));
}

/** A processor that now and then begins again at an earlier place. */
function rewritten(source: readonly Carried[], chance: (share: number) => boolean): Carried[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const ids = source.filter((record) => record.partition === partition).map(({ id }) => id);
    const out: string[] = [];
    for (let i = 0, restarts = 0; i < ids.length; i++) {
      out.push(ids[i] as string);
      if (restarts < 3 && chance(0.05)) {
        restarts += 1;
        i = Math.max(-1, i - 3);
      }
    }
    return out.map((id, offset) => ({ topic: enriched, partition, offset, id }));
  }).flat();
}

/** A consumer whose group is joined anew now and then; behind a join it may begin at an earlier record. */
function polls(
  consumer: string,
  records: readonly Carried[],
  chance: (share: number) => boolean,
  random: () => number,
): Polled[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const own = records.filter((record) => record.partition === partition);
    const out: Polled[] = [];
    for (let i = 0, generation = 1, joins = 0; i < own.length; i++) {
      out.push({ ...(own[i] as Carried), consumer, generation });
      if (joins < 3 && chance(0.05)) {
        joins += 1;
        generation += 1;
        i = Math.max(-1, i - Math.floor(random() * 5));
      }
    }
    return out;
  }).flat();
}

function progressOf(consumer: string, records: readonly Carried[]) {
  return Array.from({ length: partitions }, (_, partition) => {
    const own = records.filter((record) => record.partition === partition);
    const { topic: name } = (own[0] ?? { topic }) as { readonly topic: string };
    return { consumer, topic: name, partition, nextOffset: (own.at(-1)?.offset ?? -1) + 1 };
  });
}
