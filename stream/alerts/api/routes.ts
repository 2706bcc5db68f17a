import express, { type ErrorRequestHandler, type Express, type Request, Router } from "express";
import { v7 as uuidv7 } from "uuid";
import {
  bodyReader,
  type ErrorCode,
  guardApi,
  type Logger,
  PipelineError,
  refusalOf,
  refuseMethods,
} from "../../../runtime/index.ts";
import type { Database } from "../../../store/index.ts";
import { listAlertStates } from "../alert-states.ts";
import type { LiveRules } from "../live-rules.ts";
import { type BookEntry, openBook } from "../rule-book.ts";
import { putRule, readStoredRules, removeRule } from "../rule-store.ts";
import { addSilence, endSilence, listSilences } from "../silence-store.ts";
import { ruleJson, silenceBody, silenceJson, stateJson } from "./shapes.ts";

export type AlertApiParts = {
  readonly rules: Pick<LiveRules, "shelf">;
  readonly db: Pick<Database, "query" | "execute" | "transaction">;
  readonly groupPrefix: string;
  readonly apiKey: string | undefined;
  readonly log: Logger;
};

const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  alert_rule_invalid: 400,
  alert_request_invalid: 400,
  alert_silence_invalid: 400,
  alert_key_refused: 403,
  alert_rule_unknown: 404,
  alert_silence_unknown: 404,
  alert_path_unknown: 404,
  alert_method_unsupported: 405,
  alert_rule_in_file: 409,
  alert_rule_needed: 409,
};

const bodyOf = bodyReader("alert_request_invalid");
const nameOf = (request: Request): string => String(request.params.name);

/**
 * Adds what manages alerts. Each process of the stream has it and they answer alike: rules, silences and states lie in the database. What is answered with 2xx
 * is stored there; every process acts on it within some seconds.
 */
export function addAlertRoutes(app: Express, { rules: { shelf }, db, groupPrefix, apiKey, log }: AlertApiParts): void {
  const api = Router();
  const json = express.json({ limit: "64kb" });
  // YAML has no media type that clients agree on.
  const text = express.text({ limit: "64kb", type: () => true });
  const entries = async () => openBook(shelf, await readStoredRules(db)).entries;

  async function entryOf(name: string): Promise<BookEntry> {
    const all = (await entries()).filter((one) => one.name === name);
    // The rule of a file, where both have one.
    const [entry] = all;
    if (entry === undefined) throw new PipelineError("alert_rule_unknown", { fields: { rule: name } });
    return entry;
  }

  api.get("/", async (request, response) => {
    const [states, all] = await Promise.all([listAlertStates(db, groupPrefix), entries()]);
    const firing = states.filter(({ state }) => !["inactive", "pending"].includes(state));
    response.json({
      alerts: (request.query.firing === "true" ? firing : states).map(stateJson),
      left_out: all.filter(({ problem }) => problem !== undefined).map(ruleJson),
    });
  });

  api.get("/rules", async (_request, response) => void response.json({ rules: (await entries()).map(ruleJson) }));
  api
    .route("/rules/:name")
    .get(async (request, response) => {
      const entry = await entryOf(nameOf(request));
      response.json({ ...ruleJson(entry), rule: entry.text });
    })
    .put(text, async (request, response) => {
      const name = nameOf(request);
      if (typeof request.body !== "string" || request.body === "")
        throw new PipelineError("alert_request_invalid", {
          message: "The body is empty; a rule in YAML or JSON is expected.",
        });
      const { created, ...entry } = await putRule(db, shelf, { name, text: request.body, by: whoAsks(request) });
      if (created) response.status(201).location(`/alerts/rules/${name}`);
      response.json({ ...ruleJson(entry), rule: entry.text });
    })
    .delete(async (request, response) => {
      await removeRule(db, shelf, nameOf(request), whoAsks(request));
      response.status(204).end();
    });

  api
    .route("/silences")
    .get(async (request, response) => {
      response.json({ silences: (await listSilences(db, request.query.all === "true")).map(silenceJson) });
    })
    .post(json, async (request, response) => {
      const { matches, for: forMs, reason } = bodyOf(request, silenceBody);
      const nowMs = Date.now();
      const silence = { id: `sil_${uuidv7()}`, matches, endsMs: nowMs + forMs, reason, madeBy: whoAsks(request) };
      await addSilence(db, silence, nowMs);
      response
        .status(201)
        .location(`/alerts/silences/${silence.id}`)
        .json(silenceJson({ ...silence, startsMs: nowMs }));
    });
  api.route("/silences/:id").delete(async (request, response) => {
    await endSilence(db, String(request.params.id));
    response.status(204).end();
  });

  refuseMethods(api, "alert_method_unsupported");
  api.use((_request, _response, next) => next(new PipelineError("alert_path_unknown")));
  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, message: detail } = refusalOf(error, statuses, log);
    const code = error instanceof PipelineError ? { code: error.code, remedy: error.remedy } : {};
    response
      .status(status)
      .type("application/problem+json")
      .json({ status, detail, ...code });
  };
  app.use("/alerts", guardApi(apiKey, "alert_key_refused"), api, onError);
}

/** The user of Basic, else the address: a key alone names nobody. */
function whoAsks(request: Request): string {
  const [scheme, given = ""] = (request.headers.authorization ?? "").split(" ");
  const user = scheme?.toLowerCase() === "basic" ? Buffer.from(given, "base64").toString("utf8").split(":")[0] : "";
  return `${user || "api"}@${request.socket.remoteAddress ?? ""}`.slice(0, 200);
}
