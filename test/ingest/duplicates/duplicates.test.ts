import { expect, test } from "vitest";
import { createDuplicates } from "../../../ingest/duplicates/duplicates.ts";
import type { Accepted, Verdict } from "../../../ingest/events/verdict.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";
import { offlineKnowledge } from "../knowledge.ts";

const type = offlineKnowledge().catalogue.types.get("driver.location") as Accepted["type"];
const accepted = (id: string, value = "data", occurredAt = 5): Accepted => ({
  outcome: "accepted",
  id,
  type,
  schemaId: 7,
  occurredAt,
  record: { key: "k", value: Buffer.from(value) },
});
const retry = ({ id }: Accepted): Verdict => ({ outcome: "retry", id, type, code: "kafka_produce_failed" });
const outcomes = (verdicts: readonly Verdict[]) => verdicts.map(({ outcome }) => outcome);
const stored = async () => undefined;

async function open(windowIds = 1_000) {
  const duplicates = createDuplicates({
    windowIds,
    windowMs: 60_000,
    metrics: createMetrics(),
    log: silentLogger,
  });
  await duplicates.start(() => undefined);
  return {
    /** The outcomes of a request whose events are all stored, or as `store` leaves them. */
    async post(events: readonly Accepted[], store?: (verdicts: Verdict[]) => Promise<void>) {
      const verdicts: Verdict[] = [...events];
      await duplicates.storeOnce(verdicts, () => store?.(verdicts) ?? stored());
      return verdicts;
    },
  };
}

test("the same event is a duplicate, in the next request and in the same one", async () => {
  const { post } = await open();
  expect(outcomes(await post([accepted("a"), accepted("b"), accepted("a")]))).toEqual([
    "accepted",
    "accepted",
    "duplicate",
  ]);
  const again = await post([accepted("b"), accepted("c"), accepted("a")]);
  expect(outcomes(again)).toEqual(["duplicate", "accepted", "duplicate"]);
  expect(again[0]).toEqual({ outcome: "duplicate", id: "b", type, schemaId: 7 });
});

test("only what is new reaches the store", async () => {
  const { post } = await open();
  await post([accepted("a")]);
  let seen: string[] = [];
  await post([accepted("a"), accepted("b"), accepted("b"), accepted("a", "other")], async (verdicts) => {
    seen = outcomes(verdicts);
  });
  expect(seen).toEqual(["duplicate", "accepted", "duplicate", "quarantined"]);
});

test("another event under a known id is a conflict, by its data and by its time", async () => {
  const { post } = await open();
  const [, sameRequest] = await post([accepted("a"), accepted("a", "other")]);
  const [data, time] = await post([accepted("a", "other"), accepted("a", "data", 6)]);
  for (const verdict of [sameRequest, data, time]) {
    expect(verdict).toMatchObject({
      outcome: "quarantined",
      id: "a",
      violations: [{ code: "id_conflict", pointer: "/id", got: '"a"' }],
    });
  }
  expect(outcomes(await post([accepted("a")]))).toEqual(["duplicate"]);
});

test("what was not stored is not remembered, and its repetition is to be sent again too", async () => {
  const { post } = await open();
  const failing = async (verdicts: Verdict[]) => {
    for (const index of [0, 1]) verdicts[index] = retry(verdicts[index] as Accepted);
  };
  const verdicts = await post([accepted("a"), accepted("b"), accepted("c"), accepted("b"), accepted("c")], failing);
  expect(outcomes(verdicts)).toEqual(["retry", "retry", "accepted", "retry", "duplicate"]);
  expect(outcomes(await post([accepted("a", "other"), accepted("b"), accepted("c")]))).toEqual([
    "accepted",
    "accepted",
    "duplicate",
  ]);
});

test("a store that throws leaves nothing behind", async () => {
  const { post } = await open();
  await expect(post([accepted("a")], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(outcomes(await post([accepted("a")]))).toEqual(["accepted"]);
});

test.each(["accepted", "retry"])("an event that another request is storing shares its fate: %s", async (fate) => {
  const { post } = await open();
  let finish: () => void = () => undefined;
  const first = post([accepted("x"), accepted("a")], async (verdicts) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    if (fate === "retry") verdicts[1] = retry(verdicts[1] as Accepted);
  });
  let answered = false;
  const second = post([accepted("y"), accepted("a")]).then((verdicts) => {
    answered = true;
    return verdicts;
  });
  // It waits in either order: what it holds itself is settled and known to others.
  expect(outcomes(await post([accepted("y")]))).toEqual(["duplicate"]);
  expect(answered).toBe(false);
  finish();
  expect(outcomes(await first)).toEqual(["accepted", fate]);
  expect(outcomes(await second)).toEqual(["accepted", fate === "accepted" ? "duplicate" : "retry"]);
  expect(outcomes(await post([accepted("a")]))).toEqual([fate === "accepted" ? "duplicate" : "accepted"]);
});

test("two requests with the same events in opposite order do not wait for each other for ever", async () => {
  const { post } = await open();
  const [one, other] = await Promise.all([
    post([accepted("a"), accepted("b")]),
    post([accepted("b"), accepted("c"), accepted("a")]),
  ]);
  expect(outcomes(one)).toEqual(["accepted", "accepted"]);
  expect(outcomes(other)).toEqual(["duplicate", "accepted", "duplicate"]);
});

test("a window smaller than what is under way forgets, and nothing else happens", async () => {
  const { post } = await open(1_000);
  const events = Array.from({ length: 2_500 }, (_, i) => accepted(`id-${i}`));
  expect(new Set(outcomes(await post(events)))).toEqual(new Set(["accepted"]));
  expect(outcomes(await post([accepted("id-2499"), accepted("id-1499")]))).toEqual(["duplicate", "accepted"]);
});

test("verdicts other than accepted are left alone", async () => {
  const { post } = await open();
  const rejected: Verdict = { outcome: "rejected", id: "a", type: undefined, violations: [] };
  expect(outcomes(await post([rejected as unknown as Accepted, accepted("a")]))).toEqual(["rejected", "accepted"]);
  expect(outcomes(await post([]))).toEqual([]);
});
