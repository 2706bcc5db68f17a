import type { Anomaly, Carried } from "../../audit/index.ts";

/** An event as its app made it: which request it was first sent in, after what else. */
export type Made = { readonly id: string; readonly key: string; readonly request: number };

/**
 * Of the events of one key that went out in one request, each lies behind those before it, by the first record of each. Events of different requests are the
 * business of `checkHistory`, which knows when each was sent and answered.
 */
export function checkRequests(made: readonly Made[], carried: readonly Carried[]): readonly Anomaly[] {
  const serials = new Map(made.map((event, serial) => [event.id, { ...event, serial }]));
  const found: Anomaly[] = [];
  for (const [topic, records] of Map.groupBy(carried, (record) => record.topic)) {
    const firsts = new Map<string, number>();
    for (const { id, offset } of records) firsts.set(id, Math.min(firsts.get(id) ?? Number.POSITIVE_INFINITY, offset));
    const latest = new Map<string, { readonly id: string; readonly offset: number }>();
    const inOrder = [...firsts].flatMap(([id, offset]) => {
      const event = serials.get(id);
      return event === undefined ? [] : [{ ...event, offset }];
    });
    for (const { id, key, request, offset } of inOrder.sort((a, b) => a.serial - b.serial)) {
      const place = `${key} ${request}`;
      const before = latest.get(place);
      if (before !== undefined && before.offset > offset) {
        const detail = `lies before ${before.id}, which stood before it in the same request`;
        found.push({ kind: "reordered", where: topic, id, detail });
      } else latest.set(place, { id, offset });
    }
  }
  return found;
}
