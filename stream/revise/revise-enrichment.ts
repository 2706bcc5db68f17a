import type { Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Reference } from "../reference/reference.ts";
import type { RememberingStep } from "../state/remembering-step.ts";
import type { Step } from "../step.ts";
import type { Enriching } from "../steps/enriching.ts";
import { joinDriver } from "../steps/join-driver.ts";
import { joinVehicle } from "../steps/join-vehicle.ts";
import { locateCell } from "../steps/locate-cell.ts";
import { locateCity } from "../steps/locate-city.ts";
import { readPosition } from "../steps/read-position.ts";
import { awaitedBy, encodeEnriched } from "../steps/write-enriched.ts";
import { recordOf, type Waiting } from "./read-waiting.ts";

export type RevisionRules = {
  /** So long after it began to wait an event is given up: it stays as it is, flagged. */
  readonly reviseMs: number;
};

/** What is remembered of an event that waits. */
export type WaitingMemory = {
  readonly waiting: Waiting;
  /** What it waits for now. */
  readonly awaited: string;
  /** How many revisions were given. */
  readonly revision: number;
  /** How often it was looked at since the last one. */
  readonly looks: number;
};

type Given = Extract<ReturnType<Step<Enriching, Enriching>>, { type: "forward" }>;

const firstLookMs = 1_000;
const longestPauseMs = 300_000;

/**
 * Enriches events again that lacked a profile: looks whether it is there by now, after a second first, and then after pauses that double up to
 * five minutes. Time here is that of arrival, not of the events: it is waited for a profile that somebody is about to write. A revision has the
 * event's id and time, and is given once more, with a higher number, when another profile comes that was missing as well.
 */
export function reviseEnrichment(
  schemas: Schemas,
  reference: Reference,
  rules: RevisionRules,
): RememberingStep<Waiting, WaitingMemory, OutboxRecord> {
  const read = readPosition(schemas);
  const encode = encodeEnriched(schemas);
  const steps = [
    joinDriver(reference.drivers),
    joinVehicle(reference.vehicles),
    locateCell(),
    locateCity(reference.cities),
  ];

  /** `later`: the registry must be asked about the schema first, which has begun. Undefined: nothing can be made of it. */
  function enrich(waiting: Waiting): Enriching | "later" | undefined {
    const topic = schemas.catalogue.types.get(waiting.type)?.topic ?? "";
    const verdict = read(recordOf(waiting), { topic, partition: waiting.partition });
    if (verdict instanceof Promise) {
      verdict.catch(() => undefined);
      return "later";
    }
    if (verdict.type !== "forward") return undefined;
    // These steps only ever forward one record.
    return steps.reduce(
      (record, step) => (step(record) as Given).records[0] as Enriching,
      verdict.records[0] as Enriching,
    );
  }

  return {
    keyOf: ({ id }) => id,
    timeOf: ({ sinceMs }) => sinceMs,

    take(known, waiting, { watermark }) {
      // A repetition, by a process that ended before its offset moved, waits along with the first.
      if (known !== undefined) return { state: known, wakeMs: pauseBehind(watermark, known.looks), emit: [] };
      return {
        state: { waiting, awaited: waiting.awaited, revision: 0, looks: 0 },
        wakeMs: pauseBehind(waiting.sinceMs, 0),
        emit: [],
      };
    },

    wake(memory, { watermark }) {
      const { waiting } = memory;
      const isOver = watermark >= waiting.sinceMs + rules.reviseMs;
      const record = enrich(waiting);
      if (record === undefined) return { state: undefined, emit: [] };
      const awaited = record === "later" ? memory.awaited : awaitedBy(record);
      if (record === "later" || awaited === memory.awaited) {
        if (isOver) return { state: undefined, emit: [] };
        const looks = memory.looks + 1;
        return { state: { ...memory, looks }, wakeMs: pauseBehind(watermark, looks), emit: [] };
      }
      const revision = memory.revision + 1;
      const emit = [
        {
          topic: record.event.type.enriched?.topic ?? "",
          key: waiting.key,
          value: encode(record, revision),
          headers: waiting.headers,
        },
      ];
      if (awaited === undefined || isOver) return { state: undefined, emit };
      return { state: { waiting, awaited, revision, looks: 0 }, wakeMs: pauseBehind(watermark, 0), emit };
    },
  };
}

function pauseBehind(moment: number, looks: number): number {
  return moment + Math.min(longestPauseMs, firstLookMs * 2 ** looks);
}
