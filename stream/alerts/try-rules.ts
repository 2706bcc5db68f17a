import type { KafkaRecord } from "../../kafka/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import { remember } from "../state/remember.ts";
import type { Memory } from "../state/remembering-step.ts";
import type { AlertMessage } from "./alert.ts";
import { keepAlerts, type ScopeMemory } from "./keep-alerts.ts";
import { matchRules, readHeard } from "./match-rules.ts";
import { createRules, type Rules } from "./rules.ts";
import type { ArrivedSignal } from "./signal.ts";
import { noSilences } from "./silences.ts";

/** Rules tried on events that arrived before. */
export type Trial = {
  /** Takes the records of a partition in their order. */
  take(topic: string, partition: number, records: readonly KafkaRecord[]): Promise<void>;
  /** What would have been told by then, in order, without silences. @param toMs time passes to this moment behind the last record */
  end(toMs: number): {
    readonly messages: readonly AlertMessage[];
    readonly heard: number;
    readonly unreadable: number;
  };
};

/** Tries rules by the very steps that run in production; nothing is written, and nothing is remembered from before. */
export function tryRules(schemas: Pick<Schemas, "decode">, given: Rules): Trial {
  // Also on what arrived before a rule was made.
  const rules = createRules(given.all.map((rule) => ({ ...rule, sinceMs: 0 })));
  const readers = new Map(rules.topics.map((topic) => [topic, readHeard(schemas, rules, topic)]));
  const match = matchRules(rules);
  const signals: ArrivedSignal[] = [];
  /** Time of arrival goes back a little where several processes write; the order of a partition does not. */
  const latest = new Map<string, number>();
  let heard = 0;
  let unreadable = 0;

  return {
    async take(topic, partition, records) {
      const place = `${topic}/${partition}`;
      for (const record of records) {
        const verdict = await readers.get(topic)?.(record, { topic, partition });
        if (verdict?.type === "dead-letter") unreadable++;
        if (verdict?.type !== "forward") continue;
        for (const event of verdict.records) {
          heard++;
          const atMs = Math.max(event.atMs, latest.get(place) ?? 0);
          latest.set(place, atMs);
          const matched = match(event);
          for (const signal of matched.type === "forward" ? matched.records : []) {
            const rule = rules.byName.get(signal.rule);
            if (rule !== undefined) signals.push({ ...signal, scope: rules.scopeOf(rule, signal.labels), atMs });
          }
        }
      }
    },
    end(toMs) {
      const { emitted } = remember<ArrivedSignal, ScopeMemory, AlertMessage>(
        keepAlerts(rules, noSilences),
        {
          records: signals.sort((a, b) => a.atMs - b.atMs),
          memories: new Map<string, Memory<ScopeMemory>>(),
          watermark: Number.NEGATIVE_INFINITY,
          horizon: Number.MAX_SAFE_INTEGER,
          passTo: toMs,
        },
        0,
      );
      return { messages: emitted, heard, unreadable };
    },
  };
}
