import express, { type ErrorRequestHandler, Router } from "express";
import { z } from "zod";
import { bodyReader, type ErrorCode, type Logger, PipelineError, refusalOf } from "../../runtime/index.ts";
import type { FlowWatch } from "../flow/watch.ts";
import type { EventStreams } from "./event-stream.ts";
import { roleOf, type SignIn } from "./sign-in.ts";

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  console_request_foreign: 403,
  console_sign_in_needed: 401,
  console_key_wrong: 401,
  console_role_needed: 403,
  console_request_invalid: 400,
  console_path_unknown: 404,
  console_record_unknown: 404,
  console_topic_unknown: 404,
  console_group_unknown: 404,
  kafka_topic_missing: 404,
  console_schema_unknown: 404,
  console_connector_refused: 409,
  alert_silence_invalid: 400,
  alert_silence_unknown: 404,
  alert_rule_invalid: 400,
  alert_rule_unknown: 404,
  alert_rule_in_file: 409,
  alert_rule_needed: 409,
  webhook_endpoint_unknown: 404,
  console_trial_ended: 503,
  console_act_unknown: 404,
  console_acts_too_many: 409,
  dlq_letter_unknown: 404,
  quarantine_entry_unknown: 404,
  quarantine_entry_ambiguous: 400,
};

const bodyOf = bodyReader("console_request_invalid");
const credentials = z.strictObject({ key: z.string().max(500) });

export type ApiParts = {
  readonly signIn: SignIn;
  readonly streams: EventStreams;
  readonly flow: FlowWatch;
  /** The data of the other pages, each below its own path. */
  readonly areas: Readonly<Record<string, Router>>;
};

/** The data of the console below /api; all of it but signing in is for those who are signed in. */
export function apiRoutes({ signIn, streams, flow, areas }: ApiParts): Router {
  const api = Router();
  api.post("/session", express.json({ limit: "4kb" }), async (request, response) => {
    response.json({ role: await signIn.signIn(request, response, bodyOf(request, credentials).key) });
  });
  api.delete("/session", (request, response) => {
    signIn.signOut(request, response);
    response.status(204).end();
  });
  api.use(signIn.require);
  // A corrected event goes through it.
  api.use(express.json({ limit: "512kb" }));
  api.get("/session", (_request, response) => void response.json({ role: roleOf(response) }));
  api.get("/flow", (request, response) => {
    const stream = streams.open(request, response);
    stream.onEnd(flow.follow((now) => void stream.send("flow", now)));
  });
  for (const [path, router] of Object.entries(areas)) api.use(`/${path}`, router);
  api.use(() => {
    throw new PipelineError("console_path_unknown");
  });
  return api;
}

/** Problems as JSON with a code; what is a fault of ours is logged, and the browser hears no more than that. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, message } = refusalOf(error, statuses, log);
    const code = error instanceof PipelineError ? error.code : undefined;
    response.status(status).json({ status, code, detail: message });
  };
}
