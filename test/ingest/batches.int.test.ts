import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { resultsSchema, streamLineSchema } from "../../ingest/answers/result-schema.ts";
import { headerText, topicEnds } from "../../kafka/index.ts";
import { anyBatch, type Batch, eventTopics, type Item } from "./bad-items.ts";
import { type AnswerBody, type Door, openDoor, recordsOf } from "./door.ts";

/** The whole proof is ten thousand: `npm run proof -- batches`. */
const batches = Number(process.env.HAILSTREAM_TEST_BATCHES ?? 600);
/** Batches under way at the same time. */
const together = 10;

let door: Door;
beforeAll(async () => {
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
});
afterAll(() => door?.close());

type Result = AnswerBody["results"][number];

test(
  `${batches} random batches: each item is answered as if it were alone, and each valid one is in Kafka exactly once`,
  async () => {
    const prefix = randomUUID();
    let serial = 0;
    const before = await recordCount();
    const stored = new Map<string, { readonly key: string; readonly topic: string }>();
    const kinds = new Map<string, number>();
    let rows = 0;

    const postOne = async (batch: Batch) => {
      const { items } = batch;
      const results = await post(batch);
      expect(results.map(({ index }) => index)).toEqual(items.map((_, index) => index));
      const taken = new Set<string>();
      const alone: Promise<void>[] = [];
      for (const [i, item] of items.entries()) {
        const result = results[i] as Result;
        kinds.set(item.kind, (kinds.get(item.kind) ?? 0) + 1);
        if (item.valid !== undefined) {
          expect({ item, result }).toMatchObject({ result: { id: item.valid.id, status: "accepted" } });
          stored.set(item.valid.id, item.valid);
        }
        if (item.kind === "again") expect({ item, result }).toMatchObject({ result: { status: "duplicate" } });
        else if (item.kind === "other content") {
          expect({ item, result }).toMatchObject({ result: { status: "quarantined", code: "id_conflict" } });
        }
        // A repetition of what was taken is the one thing that depends on its neighbours.
        else if (taken.has(item.text)) expect({ item, result }).toMatchObject({ result: { status: "duplicate" } });
        else if (item.valid === undefined) alone.push(expectAsAlone(batch, item, result));
        if (result.status === "accepted") taken.add(item.text);
      }
      rows += items.length;
      await Promise.all(alone);
    };

    const expectAsAlone = async (batch: Batch, item: Item, { index: _place, ...result }: Result) => {
      expect({ item, status: result.status }).not.toMatchObject({ status: "accepted" });
      const [lonely] = await post({ ...batch, items: [item] });
      const { index: _zero, ...expected } = lonely as Result;
      expect({ item, result: withoutClock(result) }).toEqual({ item, result: withoutClock(expected) });
    };

    const history: Item[] = [];
    const batch = fc.constant(undefined).chain(() => anyBatch(() => `${prefix}-${serial++}`, history));
    const group = fc.array(batch, { minLength: together, maxLength: together });
    const numRuns = Math.ceil(batches / together);
    await fc.assert(
      fc.asyncProperty(group, async (some) => {
        await Promise.all(some.map(postOne));
        history.push(...some.flatMap(({ items }) => items).filter((item) => item.valid !== undefined));
        history.splice(0, history.length - 1_000);
      }),
      { numRuns, endOnFailure: true },
    );

    expect(await recordCount()).toBe(before + stored.size);
    const records = await recordsOf(door.connection, eventTopics, prefix, stored.size, 60_000);
    expect(records).toHaveLength(stored.size);
    for (const record of records) {
      const id = headerText(record, "ce_id") ?? "";
      expect({ id, key: record.key?.toString(), topic: stored.get(id)?.topic }).toEqual({
        id,
        ...keyAndTopic(stored, id),
      });
      stored.delete(id);
    }
    expect([...stored.keys()]).toEqual([]);
    process.stderr.write(
      `${numRuns * together} batches, ${rows} items, ${records.length} accepted, ${kinds.size} kinds\n`,
    );
  },
  240_000 + batches * 240,
);

function post(batch: Batch): Promise<readonly Result[]> {
  return batch.format === "lines" ? postLines(batch) : postArray(batch);
}

/** The items as an array of JSON. Status and header must say what the results say. */
async function postArray({ items, headers: given }: Batch): Promise<readonly Result[]> {
  const { status, headers, body } = await door.post(`[${items.map(({ text }) => text).join(",")}]`, given);
  resultsSchema.parse(body);
  const counts = countsOf(body.results);
  const good = counts.accepted + counts.duplicate;
  expect(status).toBe(good === items.length ? 202 : good === 0 ? 422 : 207);
  const occurred = Object.entries(counts).filter(([, count]) => count > 0);
  expect(headers.get("hailstream-results")).toBe(occurred.map(([name, count]) => `${name}=${count}`).join(", "));
  return body.results;
}

/** The items as a stream, one a line. The summary at its end must say what the results say. */
async function postLines({ items, headers }: Batch): Promise<readonly Result[]> {
  const response = await fetch(`${door.url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${door.key}`, "content-type": "application/x-ndjson", ...headers },
    body: items.map(({ text }) => `${text}\n`).join(""),
  });
  const lines = (await response.text()).trimEnd().split("\n");
  const parsed = lines.map((line) => streamLineSchema.parse(JSON.parse(line)));
  const results = parsed.slice(0, -1) as Result[];
  expect(parsed.at(-1)).toEqual({ summary: { complete: true, lines: items.length, ...countsOf(results) } });
  return results;
}

function countsOf(results: readonly Result[]) {
  const counts = { accepted: 0, duplicate: 0, quarantined: 0, rejected: 0, retry: 0 };
  for (const { status } of results) counts[status as keyof typeof counts]++;
  return counts;
}

/** The latest time that is accepted moves with the clock. */
function withoutClock(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/a time from \S+ to \S+Z/g, "a time"));
}

function keyAndTopic(stored: ReadonlyMap<string, { readonly key: string; readonly topic: string }>, id: string) {
  const { key, topic } = stored.get(id) ?? {};
  return { key, topic };
}

/** How many records all topics of events have taken in all. */
async function recordCount(): Promise<number> {
  let count = 0;
  for (const topic of eventTopics) {
    for (const { high } of await topicEnds(door.connection, topic)) count += Number(high);
  }
  return count;
}
