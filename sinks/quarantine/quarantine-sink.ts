import type { KafkaRecord } from "../../kafka/index.ts";
import { createService, errorTable, type Metrics, PipelineError } from "../../runtime/index.ts";
import { type Quarantined, readQuarantined } from "../../schemas/index.ts";
import { sqlStateOf, type Transaction } from "../../store/index.ts";
import type { Delivery, Manner, Rejection, Sink } from "../sink.ts";
import { type Loaded, loadQuarantined } from "./load.ts";

/** Loads the topic of events in quarantine into `quarantine.events`, where people look at them, fix them and replay them. */
export function createQuarantineSink(metrics: Metrics): Sink {
  const loaded = metrics.counter(
    "hailstream_sinks_quarantined_total",
    "Events loaded into quarantine.events, by code; repeated: the app has sent it before.",
    ["code", "outcome"],
  );
  const count = ({ code, isNew }: Loaded) =>
    loaded.inc({ code: code in errorTable ? code : "unknown", outcome: isNew ? "new" : "repeated" });
  return Object.assign(createService({ name: "quarantine sink", start: () => undefined, stop: () => undefined }), {
    prepare: async ({ records }: Parameters<Sink["prepare"]>[0]) => deliveryOf(records, count),
  });
}

type Read = { readonly record: KafkaRecord; readonly entry: Quarantined };

function deliveryOf(records: readonly KafkaRecord[], count: (loaded: Loaded) => void): Delivery {
  const readable: Read[] = [];
  const unreadable: Rejection[] = [];
  for (const record of records) {
    const entry = readQuarantined(record);
    if (!("missing" in entry)) readable.push({ record, entry });
    else
      unreadable.push({ record, reason: "sink_envelope_invalid", message: `missing or unreadable: ${entry.missing}` });
  }
  let outcomes: readonly Loaded[] = [];
  return {
    rows: readable.length,
    async write(tx, manner: Manner) {
      if (manner === "careful") {
        const careful = await loadEach(tx, readable);
        outcomes = careful.outcomes;
        return [...unreadable, ...careful.rejections];
      }
      const entries = readable.map(({ entry }) => entry);
      outcomes = entries.length === 0 ? [] : await loadQuarantined(tx, entries);
      return unreadable;
    },
    written() {
      const stored = outcomes.filter(({ isNew }) => isNew).length;
      return { stored, present: outcomes.length - stored };
    },
    committed: () => outcomes.forEach(count),
    release: () => undefined,
  };
}

/** One by one, so that a record which the database refuses does not keep the others out. */
async function loadEach(tx: Transaction, readable: readonly Read[]) {
  const outcomes: Loaded[] = [];
  const rejections: Rejection[] = [];
  for (const { record, entry } of readable) {
    try {
      outcomes.push(...(await tx.savepoint(() => loadQuarantined(tx, [entry]))));
    } catch (error) {
      if (!PipelineError.is(error, "store_rejected")) throw error;
      const sqlState = sqlStateOf(error);
      rejections.push({ record, reason: error.code, message: error.message, ...(sqlState && { sqlState }) });
    }
  }
  return { outcomes, rejections };
}
