import fc from "fast-check";
import { expect, test } from "vitest";
import { problemOf, retryAfterSeconds } from "../../../ingest/answers/problems.ts";
import { resultsSchema, retryResultsSchema } from "../../../ingest/answers/result-schema.ts";
import { answerOf, summaryOf } from "../../../ingest/answers/results.ts";
import type { Accepted, Duplicate, Refused, Retry, Verdict } from "../../../ingest/events/verdict.ts";
import { type ErrorCode, PipelineError } from "../../../runtime/index.ts";
import type { EventType } from "../../../schemas/index.ts";

const type = { name: "driver.location", topic: "driver-locations" } as EventType;
const accepted = (id: string): Accepted => ({
  outcome: "accepted",
  id,
  type,
  schemaId: 7,
  occurredAt: 0,
  record: { key: "k", value: Buffer.alloc(1) },
});
const duplicate = (id: string): Duplicate => ({ outcome: "duplicate", id, type, schemaId: 7 });
const violation = {
  code: "event_id_missing",
  pointer: "/id",
  expected: "a text",
  got: "nothing",
  message: "m",
} as const;
const refused = (outcome: Refused["outcome"], id?: string): Refused => ({
  outcome,
  id,
  type: undefined,
  violations: [violation],
});
const rejected = (id?: string) => refused("rejected", id);
const quarantined = (id?: string) => refused("quarantined", id);
const retry = (id?: string, code: ErrorCode = "kafka_produce_failed"): Retry => ({
  outcome: "retry",
  id,
  type,
  code,
});
const options = { docsUrl: "/errors/", retryAfterMs: 3_000 };

const answer = (verdicts: readonly Verdict[]) => {
  const { body, ...rest } = answerOf(verdicts, options);
  return { ...rest, body: JSON.parse(body) as Record<string, unknown> };
};

test.each([
  ["all accepted", [accepted("a"), accepted("b")], 202, "accepted=2"],
  ["accepted now or before", [accepted("a"), duplicate("b")], 202, "accepted=1, duplicate=1"],
  ["none at all", [], 202, ""],
  ["mixed", [accepted("a"), rejected()], 207, "accepted=1, rejected=1"],
  ["known and quarantined", [duplicate("a"), quarantined("b")], 207, "duplicate=1, quarantined=1"],
  ["none accepted", [rejected("a"), quarantined()], 422, "quarantined=1, rejected=1"],
  ["not stored", [retry("a")], 503, "retry=1"],
  ["one not stored", [retry("a"), accepted("b"), rejected()], 503, "accepted=1, rejected=1, retry=1"],
  ["too many of one sender", [retry("a", "request_rate_limited"), accepted("b")], 429, "accepted=1, retry=1"],
] as const)("%s", (_name, verdicts, status, summary) => {
  const { body, ...given } = answer(verdicts);
  expect(given.status).toBe(status);
  expect(summaryOf(given.counts)).toBe(summary);
  expect(body).toMatchObject({ accepted: given.counts.accepted, rejected: given.counts.rejected });
  expect(body.results).toHaveLength(verdicts.length);
});

test("an accepted event is named by id and schema", () => {
  expect(answer([accepted('quote " and \\ and \n')]).body.results).toEqual([
    { index: 0, id: 'quote " and \\ and \n', status: "accepted", schema_id: 7 },
  ]);
});

test("a rejected event says what is wrong, and all of it when that is more than one thing", () => {
  const docs = "/errors/event_id_missing";
  expect(answer([rejected()]).body.results).toEqual([{ index: 0, status: "rejected", ...violation, docs }]);
  const two = { ...rejected("x"), violations: [violation, { ...violation, pointer: "/time" }] };
  expect(answer([two]).body.results).toEqual([
    { index: 0, id: "x", status: "rejected", ...violation, docs, violations: two.violations },
  ]);
});

test("a result has the word that was meant and the schema, when they are known", () => {
  const misspelt = { ...violation, didYouMean: "accuracy" };
  const { results } = answer([{ ...refused("rejected", "x"), schemaId: 9, violations: [misspelt, misspelt] }]).body;
  const answered = { ...violation, did_you_mean: "accuracy" };
  expect(results).toEqual([
    {
      ...{ index: 0, id: "x", status: "rejected", ...answered, schema_id: 9, docs: "/errors/event_id_missing" },
      violations: [answered, answered],
    },
  ]);
});

test("an answer with events to send again is a problem and has all results", () => {
  const { body } = answer([retry("a"), accepted("b"), { ...retry("c"), retryAfterMs: 250 }]);
  expect(body).toMatchObject({
    type: "/errors/kafka_produce_failed",
    status: 503,
    code: "kafka_produce_failed",
    retry: 2,
  });
  expect(body.results).toMatchObject([
    { index: 0, id: "a", status: "retry", code: "kafka_produce_failed", retry_after_ms: 3_000 },
    { index: 1, id: "b", status: "accepted" },
    { index: 2, id: "c", status: "retry", retry_after_ms: 250 },
  ]);
});

test("who is to come again is told the longest time that an event of his has to wait", () => {
  const soon = { ...retry("a", "request_rate_limited"), retryAfterMs: 250 };
  const late = { ...retry("b", "request_rate_limited"), retryAfterMs: 60_000 };
  expect(answer([accepted("x")])).toMatchObject({ status: 202, retryAfterMs: 0 });
  expect(answer([soon])).toMatchObject({ status: 429, retryAfterMs: 250 });
  expect(answer([soon, late])).toMatchObject({ status: 429, retryAfterMs: 60_000 });
  expect(answer([soon, retry("c", "event_shed"), accepted("x")])).toMatchObject({
    status: 503,
    retryAfterMs: 3_000,
    body: { code: "event_shed" },
  });
});

test("what is on the disk only says so", () => {
  expect(answer([{ ...accepted("a"), durability: "local" }]).body.results).toEqual([
    { index: 0, id: "a", status: "accepted", schema_id: 7, durability: "local" },
  ]);
});

test("results have the length and order of the events, and the counts add up", () => {
  const id = fc.option(fc.string(), { nil: undefined });
  const verdict = fc.oneof<fc.Arbitrary<Verdict>[]>(
    fc.string({ minLength: 1 }).map(accepted),
    fc.string({ minLength: 1 }).map(duplicate),
    id.map((text) => rejected(text)),
    id.map((text) => quarantined(text)),
    id.map((text) => retry(text)),
  );
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 30 }), (verdicts) => {
      const { body, counts } = answer(verdicts);
      (verdicts.some(({ outcome }) => outcome === "retry") ? retryResultsSchema : resultsSchema).parse(body);
      const results = body.results as { index: number; id?: string; status: string }[];
      expect(results.map(({ index }) => index)).toEqual(verdicts.map((_, index) => index));
      expect(results.map((result) => result.id)).toEqual(verdicts.map((v) => v.id));
      for (const [outcome, count] of Object.entries(counts)) {
        expect(results.filter(({ status }) => status === outcome)).toHaveLength(count);
        expect(body[outcome] ?? 0).toBe(count);
      }
    }),
  );
});

test("what is no error for clients is told as a fault of the server, without its message", () => {
  const problem = problemOf(new Error("connect postgres://user:secret@host"), "/errors/");
  expect(problem).toMatchObject({ status: 500, code: "request_failed" });
  expect(JSON.stringify(problem)).not.toContain("secret");
  expect(problemOf(new PipelineError("port_taken"), "/errors/")).toMatchObject({ status: 500, code: "request_failed" });
});

test("Retry-After is a whole number of seconds from 1 to 5", () => {
  expect(retryAfterSeconds(0)).toBe(1);
  expect(retryAfterSeconds(0.999_999)).toBe(5);
  fc.assert(fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (r) => Number.isInteger(retryAfterSeconds(r))));
});
