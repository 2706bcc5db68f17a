import { describe, expect, test } from "vitest";
import { createRandom } from "../../apps/random.ts";
import { checkHistory } from "../../audit/check-history.ts";
import type { AnomalyKind, Carried, History } from "../../audit/history.ts";
import { goodHistory } from "./good-history.ts";

/** What goes wrong: the changed history, the kind it is and the event it is about. */
type Injected = { readonly history: History; readonly kind: AnomalyKind; readonly id: string };
type Injection = (good: History, pick: <T>(items: readonly T[]) => T) => Injected | undefined;

const enrichedTopic = "trip-events-enriched";
const withoutRow = (rows: readonly string[], id: string) => rows.filter((row) => row !== id);
const acceptedIds = (good: History) =>
  good.attempts.filter(({ answer }) => answer?.status === "accepted").map(({ id }) => id);
const isPlace = (a: Carried) => (b: Carried) =>
  a.topic === b.topic && a.partition === b.partition && a.offset === b.offset;

const injections: Readonly<Record<string, Injection>> = {
  "a row is lost": (good, pick) => {
    const id = pick(good.rows);
    return { history: { ...good, rows: withoutRow(good.rows, id) }, kind: "lost", id };
  },
  "one row is lost and another is there twice": (good, pick) => {
    const id = pick(good.rows);
    const twin = pick(withoutRow(good.rows, id));
    return { history: { ...good, rows: [...withoutRow(good.rows, id), twin] }, kind: "lost", id };
  },
  "a row is there twice": (good, pick) => {
    const id = pick(good.rows);
    return { history: { ...good, rows: [...good.rows, id] }, kind: "duplicated", id };
  },
  "an alert is delivered under two ids": (good, pick) => {
    if (good.delivered.length === 0) return undefined;
    const { eventId: id } = pick(good.delivered);
    return {
      history: { ...good, delivered: [...good.delivered, { deliveryId: "another", eventId: id }] },
      kind: "duplicated",
      id,
    };
  },
  "an alert is not delivered": (good, pick) => {
    if (good.delivered.length === 0) return undefined;
    const { eventId: id } = pick(good.delivered);
    return {
      history: { ...good, delivered: good.delivered.filter(({ eventId }) => eventId !== id) },
      kind: "lost",
      id,
    };
  },
  "a row that nobody sent": (good) => ({
    history: { ...good, rows: [...good.rows, "made-up"] },
    kind: "phantom",
    id: "made-up",
  }),
  "a row of an event that was refused": (good, pick) => {
    const refused = good.attempts.filter(({ answer }) => answer?.status === "rejected");
    if (refused.length === 0) return undefined;
    const { id } = pick(refused);
    return { history: { ...good, rows: [...good.rows, id] }, kind: "phantom", id };
  },
  "an accepted event is in no topic": (good, pick) => {
    const id = pick(acceptedIds(good));
    const drop = <T extends { readonly id: string }>(records: readonly T[]) =>
      records.filter((record) => record.id !== id);
    const rest = { carried: drop(good.carried), polled: drop(good.polled), rows: withoutRow(good.rows, id) };
    return { history: { ...good, ...rest }, kind: "acknowledged-but-not-durable", id };
  },
  "two events of a key change places": (good) => {
    const acceptedAt = new Map(
      good.attempts.flatMap(({ id, answer }) => (answer?.status === "accepted" ? [[id, answer.at] as const] : [])),
    );
    const sent = new Map(good.attempts.map(({ id, key, sentAt }) => [id, { key, sentAt }]));
    const source = good.carried.filter(({ topic }) => topic !== enrichedTopic);
    const once = source.filter(({ id }) => source.filter((each) => each.id === id).length === 1);
    for (const a of once) {
      for (const b of once) {
        const [first, second] = [sent.get(a.id), sent.get(b.id)];
        if (a.id === b.id || first?.key !== second?.key || a.partition !== b.partition) continue;
        if ((second?.sentAt ?? 0) <= (acceptedAt.get(a.id) ?? Number.POSITIVE_INFINITY)) continue;
        const swap = <T extends Carried>(record: T): T =>
          isPlace(a)(record) ? { ...record, id: b.id } : isPlace(b)(record) ? { ...record, id: a.id } : record;
        const history = { ...good, carried: good.carried.map(swap), polled: good.polled.map(swap) };
        return { history, kind: "reordered", id: a.id };
      }
    }
    return undefined;
  },
  "a key is in two partitions": (good) => {
    const source = good.carried.filter(({ topic }) => topic !== enrichedTopic);
    const keyOf = new Map(good.attempts.map(({ id, key }) => [id, key]));
    const last = source.at(-1);
    if (last === undefined || source.filter(({ id }) => keyOf.get(id) === keyOf.get(last.id)).length < 2)
      return undefined;
    if (source.filter(({ id }) => id === last.id).length > 1) return undefined;
    const moved = { ...last, partition: 99 };
    const move = <T extends Carried>(record: T): T => (isPlace(last)(record) ? { ...record, ...moved } : record);
    return {
      history: { ...good, carried: good.carried.map(move), polled: good.polled.map(move) },
      kind: "reordered",
      id: last.id,
    };
  },
  "an offset holds another record for one reader": (good, pick) => {
    const at = pick(good.polled);
    const polled = good.polled.map((record) => (record === at ? { ...record, id: "event-other" } : record));
    return { history: { ...good, polled }, kind: "inconsistent-offsets", id: "event-other" };
  },
  "a consumer never has a record": (good, pick) => {
    const at = pick(good.polled);
    const polled = good.polled.filter((record) => record.consumer !== at.consumer || !isPlace(at)(record));
    return { history: { ...good, polled }, kind: "skipped", id: at.id };
  },
  "a consumer jumps over a record and has it only after a join": (good) => {
    for (let i = 1; i + 1 < good.polled.length; i++) {
      const [before, at, after] = good.polled.slice(i - 1, i + 2);
      if (before === undefined || at === undefined || after === undefined) continue;
      const near = [before, after].every(
        (each) => each.consumer === at.consumer && each.partition === at.partition && each.generation === at.generation,
      );
      if (!near) continue;
      const polled = [...good.polled.filter((record) => record !== at), { ...at, generation: 1_000 }];
      return { history: { ...good, polled }, kind: "skipped", id: at.id };
    }
    return undefined;
  },
  "a consumer stands still": (good, pick) => {
    const at = pick(good.progress.filter(({ nextOffset }) => nextOffset > 0));
    const nextOffset = at.nextOffset - 1;
    const { id = "" } =
      good.carried.find((r) => r.topic === at.topic && r.partition === at.partition && r.offset === nextOffset) ?? {};
    const progress = good.progress.map((each) => (each === at ? { ...at, nextOffset } : each));
    return { history: { ...good, progress }, kind: "stuck", id };
  },
  "an app never gets an answer": (good) => ({
    history: { ...good, attempts: [...good.attempts, { id: "unheard", key: "trip-1", sentAt: 1e9 }] },
    kind: "stuck",
    id: "unheard",
  }),
};

describe("checkHistory", () => {
  test("finds nothing in 1,000 good histories", () => {
    const alarms = Array.from({ length: 1_000 }, (_, seed) => checkHistory(goodHistory(seed)));
    expect(alarms.flat()).toEqual([]);
  });

  test("good histories have what makes them hard", () => {
    const histories = Array.from({ length: 100 }, (_, seed) => goodHistory(seed));
    const statuses = histories.flatMap(({ attempts }) => attempts.map(({ answer }) => answer?.status ?? "none"));
    expect(new Set(statuses)).toEqual(new Set(["accepted", "duplicate", "rejected", "quarantined", "retry", "none"]));
    const twice = histories.filter(({ carried }) => {
      const source = carried.filter(({ topic }) => topic !== enrichedTopic);
      return new Set(source.map(({ id }) => id)).size < source.length;
    });
    expect(twice.length).toBeGreaterThan(50);
    expect(histories.filter(({ polled }) => polled.some(({ generation }) => generation > 1)).length).toBeGreaterThan(
      50,
    );
  });

  test.each(Object.entries(injections))("%s: told of the event, in every history", (_, inject) => {
    let injected = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed + 1_000_000);
      const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
      const made = inject(goodHistory(seed), pick);
      if (made === undefined) continue;
      injected += 1;
      const found = checkHistory(made.history);
      expect(found, `seed ${seed}`).toContainEqual(expect.objectContaining({ kind: made.kind, id: made.id }));
    }
    expect(injected).toBeGreaterThan(100);
  });

  test("50,000 events take seconds", () => {
    const history = goodHistory(7, 50_000);
    // Of the processor, since others may use it, too.
    const begin = process.cpuUsage();
    expect(checkHistory(history)).toEqual([]);
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1_000).toBeLessThan(20_000);
  });
});
