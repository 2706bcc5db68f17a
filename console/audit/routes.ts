import { Router } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { listFormats } from "../lists/file-text.ts";
import { sendList } from "../lists/send-list.ts";
import { checked } from "../server/checked.ts";
import { minutesShown, readMinutes } from "./minutes.ts";
import type { AuditPort } from "./port.ts";
import { createVerdicts } from "./verdict.ts";

const minuteMs = 60_000;
/** All rows of the span are read. */
const longestMs = 24 * 3_600_000;
const shown = 300;
const mostInFile = 100_000;

const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const spanQuery = {
  ...{ from: moment.optional(), to: moment.optional() },
  /** The last so many milliseconds. */
  last: z.coerce.number().int().min(minuteMs).max(longestMs).optional(),
  format: z.enum(listFormats).optional(),
};
const minutesQuery = z.strictObject({
  ...spanQuery,
  type: z.string().max(200).optional(),
  only: z.enum(["wrong"]).optional(),
});
const verdictQuery = z.strictObject(spanQuery);

/** The audit minute by minute, and its verdict. Ids are told to everybody, values of events to nobody. */
export function auditRoutes(port: AuditPort): Router {
  const router = Router();
  const verdictOf = createVerdicts(port);

  router.get("/minutes", async (request, response) => {
    const { type, only, format, ...span } = checked(minutesQuery, request.query);
    const whole = wholeMinutes(span);
    const wanted = { type, onlyWrong: only === "wrong", limit: format === undefined ? shown : mostInFile };
    const result = minutesShown(Date.now(), whole, await readMinutes(port, whole), wanted);
    if (format === undefined) return void response.json(result);
    const rows = result.minutes.map(({ minute, ...line }) => ({ minute: new Date(minute).toISOString(), ...line }));
    sendList(response, { name: "audit-minutes", format }, rows, [
      "minute",
      "type",
      "ingest",
      "kafka",
      "stream",
      "stored",
      "rows",
      "says",
    ]);
  });

  router.get("/verdict", async (request, response) => {
    const { format, ...span } = checked(verdictQuery, request.query);
    const { findings, ...verdict } = await verdictOf(wholeMinutes(span));
    if (format === undefined) {
      response.json({ ...verdict, findings: findings.slice(0, shown), total: findings.length });
      return;
    }
    const rows = findings.map(({ minute, ...finding }) => ({
      ...finding,
      minute: minute === null ? null : new Date(minute).toISOString(),
    }));
    sendList(response, { name: "audit-findings", format }, rows, [
      "kind",
      "type",
      "where",
      "id",
      "minute",
      "rows",
      "stored",
    ]);
  });
  return router;
}

/** @throws PipelineError console_request_invalid */
function wholeMinutes(given: {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly last?: number | undefined;
}) {
  const to = Math.ceil((given.to ?? Date.now()) / minuteMs) * minuteMs;
  const from =
    given.from === undefined ? to - (given.last ?? 15 * minuteMs) : Math.floor(given.from / minuteMs) * minuteMs;
  if (from >= to || to - from > longestMs) {
    throw new PipelineError("console_request_invalid", {
      message: `from, to: expected a span of a minute to 24 hours, got ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`,
    });
  }
  return { from, to };
}
