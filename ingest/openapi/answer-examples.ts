import type { ErrorCode } from "../../runtime/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { EventType } from "../../schemas/index.ts";
import { problemOf } from "../answers/problems.ts";
import { answerOf } from "../answers/results.ts";
import type { Verdict } from "../events/verdict.ts";

/** Examples of answers, written by the code that writes the answers. */
const docsUrl = "/errors/";
const type = { name: "driver.location" } as EventType;
const record = { key: null, value: null };
const accepted = { outcome: "accepted", id: "a", type, schemaId: 3, record } as Verdict;
const duplicate: Verdict = { outcome: "duplicate", id: "b", type, schemaId: 3 };
const rejected: Verdict = {
  outcome: "rejected",
  id: "c",
  type,
  schemaId: 3,
  violations: [
    {
      code: "event_field_unknown",
      pointer: "/data/acuracy",
      expected: "only fields that the schema declares",
      got: 'the field "acuracy"',
      message:
        '/acuracy: expected only fields that the schema declares, got the field "acuracy"; did you mean accuracy?',
      didYouMean: "accuracy",
    },
  ],
};
const retry: Verdict = { outcome: "retry", id: "d", type, code: "kafka_produce_failed" };

const verdicts: Readonly<Record<string, readonly Verdict[]>> = {
  202: [accepted, duplicate],
  207: [accepted, rejected],
  422: [rejected],
  503: [accepted, retry],
};

/** The body of an answer with results. @param status one of those that judged events lead to */
export function exampleResults(status: number): unknown {
  return JSON.parse(answerOf(verdicts[status] ?? [], { docsUrl, retryAfterMs: 3_000 }).body);
}

/** The body of an answer to a request that was not taken. */
export function exampleProblem(code: ErrorCode): unknown {
  return problemOf(new PipelineError(code), docsUrl);
}
