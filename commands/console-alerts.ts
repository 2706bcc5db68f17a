import { v7 as uuidv7 } from "uuid";
import type { AlertsPort, RuleLine } from "../console/index.ts";
import { type OptionSource, PipelineError } from "../runtime/index.ts";
import type { Catalogue } from "../schemas/index.ts";
import { listEndpoints, replayDeliveries, sendTest, type WebhookOptions } from "../sinks/webhook/index.ts";
import { type Database, noteAction } from "../store/index.ts";
import {
  addSilence,
  type BookEntry,
  createShelf,
  endSilence,
  type KeptSilence,
  listAlertStates,
  listSilences,
  openBook,
  putRule,
  readRules,
  readStoredRules,
  removeRule,
  ruleJson,
  type StreamOptions,
} from "../stream/index.ts";
import { deadEndpoints } from "./alerts-words.ts";
import { consoleTrials } from "./console-trial.ts";

export type ConsoleAlertsParts = {
  readonly db: Database;
  readonly catalogue: Catalogue;
  readonly options: Pick<StreamOptions, "alertsDir" | "groupPrefix">;
  readonly webhook: WebhookOptions;
  /** What was given, for the thread that tries rules. */
  readonly source: OptionSource;
};

/**
 * What the console's pages about alerts show and do, by the code of those that own it. The rules of files are those of this process's own folder, so it is to have
 * the folder that the stream has. @throws PipelineError alert_rule_invalid
 */
export function consoleAlerts({ db, catalogue, options, webhook, source }: ConsoleAlertsParts): AlertsPort {
  const nowhere = () => undefined;
  const shelf = createShelf(readRules(catalogue, nowhere, options.alertsDir), catalogue, nowhere);

  const entries = async () => openBook(shelf, await readStoredRules(db)).entries;

  return {
    async standings() {
      const [states, endpoints] = await Promise.all([listAlertStates(db, options.groupPrefix), listEndpoints(db)]);
      return [...states, ...deadEndpoints(endpoints).states].map(
        ({ rule, state, labels, toldLabels, sinceMs, summary, told }) => ({
          ...{ rule, state, labels, allLabels: { ...toldLabels, ...labels } },
          ...(sinceMs === undefined ? {} : { since: sinceMs }),
          ...(summary === undefined ? {} : { summary }),
          ...(told === undefined ? {} : { told }),
        }),
      );
    },
    async rules() {
      const { rule: name, severity, on, description } = deadEndpoints([]);
      return [
        ...(await entries()).map(lineOf),
        // What senders tell by themselves is none that can be edited, but may be silenced like any.
        { name, severity, on, description, source: "built-in" },
      ];
    },
    async rule(name) {
      const entry = (await entries()).find((one) => one.name === name);
      if (entry === undefined) throw new PipelineError("alert_rule_unknown", { fields: { rule: name } });
      const { text, stored } = entry;
      const changed = stored === undefined ? {} : { changedBy: stored.changedBy, changed: stored.changedMs };
      return { ...lineOf(entry), text, ...changed };
    },
    tryRule: consoleTrials(source),
    async saveRule(text, by) {
      const { name, created } = await putRule(db, shelf, { text, by, where: "rule" });
      return { name, created };
    },
    removeRule: (name, by) => removeRule(db, shelf, name, by),
    async testEndpoint(id, by) {
      const { messageId, result, status = null, seconds, detail } = await sendTest(db, id, webhook);
      await noteAction(db, { by, action: "endpoint test", subject: id, details: { result, status } });
      return { messageId, result, status, seconds, detail };
    },
    silences: async (ended) => (await listSilences(db, ended)).map(silenceOf),
    async silence({ matches, ends, reason }, by) {
      const id = `sil_${uuidv7()}`;
      await db.transaction(async (tx) => {
        await addSilence(tx, { id, matches, endsMs: ends, reason, madeBy: by }, Date.now());
        await noteAction(tx, { by, action: "silence begin", subject: id, details: { reason, ends: time(ends) } });
      });
      return id;
    },
    async endSilence(id, by) {
      await db.transaction(async (tx) => {
        await endSilence(tx, id);
        await noteAction(tx, { by, action: "silence end", subject: id, details: {} });
      });
    },
    replay({ endpointId, messageId, since, until, overtaken }, by, dryRun) {
      const filter = { endpointId, messageId, since, until, overtaken, state: "exhausted" as const };
      if (dryRun) return replayDeliveries(db, filter, true);
      return db.transaction(async (tx) => {
        const result = await replayDeliveries(tx, filter, false);
        const details = { endpoint: endpointId ?? null, with_overtaken: overtaken, ...result };
        await noteAction(tx, { by, action: "delivery replay", subject: messageId ?? "", details });
        return result;
      });
    },
  };
}

function lineOf(entry: BookEntry): RuleLine {
  const { name, source, severity = "unknown", description = "", on = [], problem } = ruleJson(entry);
  return {
    ...{ name, severity, description, on, source: source === "api" ? "saved" : "file" },
    ...(problem === undefined ? {} : { problem }),
  };
}

const silenceOf = ({ id, matches, startsMs, endsMs, reason, madeBy }: KeptSilence) => ({
  ...{ id, matches, starts: startsMs, ends: endsMs, reason, madeBy },
});
const time = (ms: number) => new Date(ms).toISOString();
