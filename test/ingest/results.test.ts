import fc from "fast-check";
import { expect, test } from "vitest";
import type { AcceptedEvent, RejectedEvent, Verdict } from "../../ingest/accept-event.ts";
import { problemOf, retryAfterSeconds } from "../../ingest/problems.ts";
import { answerOf } from "../../ingest/results.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { EventType } from "../../schemas/index.ts";

const typeOf = (topic: string) => ({ name: `type of ${topic}`, topic }) as EventType;
const accepted = (id: string, topic = "t1"): AcceptedEvent => ({
  ok: true,
  id,
  type: typeOf(topic),
  schemaId: 7,
  record: { key: "k", value: Buffer.alloc(1) },
});
const violation = {
  code: "event_id_missing",
  pointer: "/id",
  expected: "a text",
  got: "nothing",
  message: "m",
} as const;
const rejected = (id?: string): RejectedEvent => ({ ok: false, id, type: undefined, violations: [violation] });
const options = { docsUrl: "/errors/", retryAfterSeconds: 3 };
const none = new Map();
const down = new Map([["t1", new PipelineError("kafka_produce_failed")]]);

const answer = (verdicts: readonly Verdict[], unstored = none) => {
  const { body, ...rest } = answerOf(verdicts, unstored, options);
  return { ...rest, body: JSON.parse(body) as Record<string, unknown> };
};

test.each([
  ["all accepted", [accepted("a"), accepted("b")], none, 202, 2, 0],
  ["none at all", [], none, 202, 0, 0],
  ["mixed", [accepted("a"), rejected()], none, 207, 1, 1],
  ["none accepted", [rejected("a"), rejected()], none, 422, 0, 2],
  ["not stored", [accepted("a")], down, 503, 0, 0],
  ["one topic not stored", [accepted("a"), accepted("b", "t2"), rejected()], down, 503, 1, 1],
  ["an outage that concerns nothing valid", [rejected()], down, 422, 0, 1],
] as const)("%s", (_name, verdicts, unstored, status, acceptedCount, rejectedCount) => {
  const { body, ...given } = answer(verdicts, unstored);
  expect(given).toMatchObject({ status, accepted: acceptedCount, rejected: rejectedCount });
  expect(body).toMatchObject({ accepted: acceptedCount, rejected: rejectedCount });
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

test("an answer with events to send again is a problem and has all results", () => {
  const { body } = answer([accepted("a"), accepted("b", "t2")], down);
  expect(body).toMatchObject({
    type: "/errors/kafka_produce_failed",
    status: 503,
    code: "kafka_produce_failed",
    retry: 1,
  });
  expect(body.results).toMatchObject([
    { index: 0, id: "a", status: "retry", code: "kafka_produce_failed", retry_after_ms: 3_000 },
    { index: 1, id: "b", status: "accepted" },
  ]);
});

test("results have the length and order of the events, and the counts add up", () => {
  const verdict = fc.oneof(
    fc.tuple(fc.string({ minLength: 1 }), fc.constantFrom("t1", "t2")).map(([id, topic]) => accepted(id, topic)),
    fc.option(fc.string(), { nil: undefined }).map((id) => rejected(id)),
  );
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 30 }), fc.boolean(), (verdicts, isDown) => {
      const { body, retry } = answer(verdicts, isDown ? down : none);
      const results = body.results as { index: number; id?: string; status: string }[];
      expect(results.map(({ index }) => index)).toEqual(verdicts.map((_, index) => index));
      expect(results.map(({ id }) => id)).toEqual(verdicts.map(({ id }) => id));
      const count = (status: string) => results.filter((result) => result.status === status).length;
      expect([count("accepted"), count("rejected"), count("retry")]).toEqual([body.accepted, body.rejected, retry]);
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
