import express, { type Request, Router } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import { listFormats } from "../lists/file-text.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { needsOperate, roleOf, whoActs } from "../server/sign-in.ts";
import { readDeliveries, readDelivery, readEndpoints } from "./deliveries.ts";
import { readHistory } from "./history.ts";
import { maskDelivery, maskEndpoint, maskSilence, maskTransition, maskWatched } from "./mask.ts";
import { readNow } from "./now.ts";
import type { AlertsPort } from "./port.ts";
import { deliveryStates, notifications } from "./shapes.ts";

export type AlertRoutesParts = { readonly db: Queryable; readonly port: AlertsPort };

const shown = 100;
/** A file has so many rows at most. */
const mostInFile = 10_000;
const dayMs = 86_400_000;

const word = z.string().min(1).max(500);
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const format = z.enum(listFormats).optional();
/** The last so many milliseconds. */
const last = z.coerce
  .number()
  .int()
  .min(1)
  .max(400 * dayMs)
  .optional();
const historyQuery = z.strictObject({
  last,
  ...{ from: moment.optional(), to: moment.optional(), rule: word.optional(), incident: word.optional() },
  notification: z.enum(notifications).optional(),
  after: z
    .string()
    .regex(/^\d{1,15}_.{1,200}$/)
    .optional(),
  format,
});
const deliveriesQuery = z.strictObject({
  ...{ state: z.enum(deliveryStates).optional(), endpoint: word.optional(), message: word.optional() },
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  format,
});
const silencesQuery = z.strictObject({ ended: z.enum(["true", "false"]).optional() });
const silenceBody = z.strictObject({
  matches: z.record(z.string().min(1).max(200), z.string().max(500)),
  minutes: z
    .number()
    .int()
    .min(1)
    .max(30 * 24 * 60),
  reason: z.string().trim().min(1).max(1_000),
});
const trialQuery = z.strictObject({
  minutes: z.coerce
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .default(60),
});
const replayBody = z.strictObject({
  ...{ endpoint: word.optional(), message: word.optional(), overtaken: z.boolean().default(false) },
  dryRun: z.boolean().default(false),
});

/** Alerts, their history and their deliveries. What is personal is for the role operate; a file has none of it for anybody. */
export function alertRoutes({ db, port }: AlertRoutesParts): Router {
  const router = Router();
  const now = readNow(port);

  router.get("/now", async (_request, response) => {
    const read = await now();
    const isMasked = roleOf(response) === "view";
    const watched = isMasked ? read.watched.map(maskWatched) : read.watched;
    response.json({ ...read, watched, silences: isMasked ? read.silences.map(maskSilence) : read.silences });
  });

  router.get("/history", async (request, response) => {
    const { format, from, to, last, ...wanted } = checked(historyQuery, request.query);
    const until = to ?? new Date();
    const span = { from: from ?? new Date(until.getTime() - (last ?? dayMs)), to: until };
    const page = await readHistory(db, { ...wanted, ...span, limit: format === undefined ? shown : mostInFile });
    if (format !== undefined) {
      const rows = page.rows.map(maskTransition).map((row) => ({
        ...row,
        ...{ at: time(row.at), started: time(row.started), ended: row.ended === null ? null : time(row.ended) },
      }));
      return sendList(response, { name: "alerts", format }, rows, historyColumns);
    }
    response.json({ ...page, rows: roleOf(response) === "view" ? page.rows.map(maskTransition) : page.rows });
  });

  router.get("/deliveries", async (request, response) => {
    const { format, ...wanted } = checked(deliveriesQuery, request.query);
    const page = await readDeliveries(db, { ...wanted, limit: format === undefined ? shown : mostInFile });
    if (format === undefined) return void response.json(page);
    const rows = page.rows.map((row) => ({
      ...row,
      made: time(row.made),
      nextTry: row.nextTry === null ? null : time(row.nextTry),
      finished: row.finished === null ? null : time(row.finished),
    }));
    sendList(response, { name: "deliveries", format }, rows, deliveryColumns);
  });
  router.get("/deliveries/:id", async (request, response) => {
    const { id } = checked(z.strictObject({ id: z.string().regex(/^\d{1,18}$/) }), request.params);
    const delivery = await readDelivery(db, id);
    if (delivery === undefined) throw new PipelineError("console_path_unknown");
    response.json(roleOf(response) === "view" ? maskDelivery(delivery) : delivery);
  });
  router.post("/deliveries/replay", needsOperate, async (request, response) => {
    const { endpoint: endpointId, message: messageId, overtaken, dryRun } = checked(replayBody, request.body);
    response.json(await port.replay({ endpointId, messageId, overtaken }, whoActs(request, response), dryRun));
  });

  router.get("/endpoints", async (_request, response) => {
    const endpoints = await readEndpoints(db);
    response.json({ endpoints: roleOf(response) === "view" ? endpoints.map(maskEndpoint) : endpoints });
  });

  router.get("/silences", async (request, response) => {
    const { ended } = checked(silencesQuery, request.query);
    const silences = await port.silences(ended === "true");
    response.json({ silences: roleOf(response) === "view" ? silences.map(maskSilence) : silences });
  });
  router.post("/silences", needsOperate, async (request, response) => {
    const { matches, minutes, reason } = checked(silenceBody, request.body);
    const ends = Date.now() + minutes * 60_000;
    const id = await port.silence({ matches, ends, reason }, whoActs(request, response));
    response.status(201).json({ id, ends });
  });
  router.delete("/silences/:id", needsOperate, async (request, response) => {
    await port.endSilence(String(request.params.id), whoActs(request, response));
    response.status(204).end();
  });

  router.get("/rules/:name", async (request, response) => {
    response.json(await port.rule(String(request.params.name)));
  });
  // A rule is text with lines, which a refusal names.
  const text = express.text({ limit: "64kb", type: "text/*" });
  router.post("/trials", needsOperate, text, async (request, response) => {
    const { minutes } = checked(trialQuery, request.query);
    response.json(await port.tryRule(ruleOf(request), minutes * 60_000));
  });
  router.post("/rules", needsOperate, text, async (request, response) => {
    response.json(await port.saveRule(ruleOf(request), whoActs(request, response)));
  });
  router.delete("/rules/:name", needsOperate, async (request, response) => {
    await port.removeRule(String(request.params.name), whoActs(request, response));
    response.status(204).end();
  });
  router.post("/endpoints/:id/test", needsOperate, async (request, response) => {
    response.json(await port.testEndpoint(String(request.params.id), whoActs(request, response)));
  });
  return router;
}

/** @throws PipelineError console_request_invalid */
function ruleOf({ body }: Request): string {
  if (typeof body === "string" && body.trim() !== "") return body;
  throw new PipelineError("console_request_invalid", {
    message: "The body is empty; a rule in YAML or JSON is expected.",
  });
}

const time = (ms: number) => new Date(ms).toISOString();

const historyColumns = [
  ...(["at", "rule", "severity", "notification", "cause", "incident", "sequence", "started", "ended"] as const),
  ...(["summary", "labels", "eventId", "eventType", "wanted", "delivered", "id"] as const),
] as const;
const deliveryColumns = [
  ...(["made", "id", "messageId", "rule", "notification", "endpointId", "endpoint", "endpointState"] as const),
  ...(["state", "attempts", "lastResult", "lastStatus", "nextTry", "finished"] as const),
] as const;
