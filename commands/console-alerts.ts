import { v7 as uuidv7 } from "uuid";
import type { AlertsPort } from "../console/index.ts";
import type { Catalogue } from "../schemas/index.ts";
import { listEndpoints, replayDeliveries } from "../sinks/webhook/index.ts";
import { type Database, noteAction } from "../store/index.ts";
import {
  addSilence,
  createShelf,
  endSilence,
  type KeptSilence,
  listAlertStates,
  listSilences,
  openBook,
  readRules,
  readStoredRules,
  ruleJson,
  type StreamOptions,
} from "../stream/index.ts";
import { deadEndpoints } from "./alerts-words.ts";

export type ConsoleAlertsParts = {
  readonly db: Database;
  readonly catalogue: Catalogue;
  readonly options: Pick<StreamOptions, "alertsDir" | "groupPrefix">;
};

/**
 * What the console's pages about alerts show and do, by the code of those that own it. The rules of files are those of this process's own folder, so it is to have
 * the folder that the stream has. @throws PipelineError alert_rule_invalid
 */
export function consoleAlerts({ db, catalogue, options }: ConsoleAlertsParts): AlertsPort {
  const nowhere = () => undefined;
  const shelf = createShelf(readRules(catalogue, nowhere, options.alertsDir), catalogue, nowhere);

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
      const { entries } = openBook(shelf, await readStoredRules(db));
      const { rule: name, severity, on, description } = deadEndpoints([]);
      return [
        ...entries.map(ruleJson).map(({ name, source, severity = "unknown", description = "", on = [], problem }) => ({
          ...{ name, severity, description, on },
          source: source === "api" ? ("saved" as const) : ("file" as const),
          ...(problem === undefined ? {} : { problem }),
        })),
        // What senders tell by themselves is none that can be edited, but may be silenced like any.
        { name, severity, on, description, source: "file" as const },
      ];
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

const silenceOf = ({ id, matches, startsMs, endsMs, reason, madeBy }: KeptSilence) => ({
  ...{ id, matches, starts: startsMs, ends: endsMs, reason, madeBy },
});
const time = (ms: number) => new Date(ms).toISOString();
