import type { Producer } from "../../kafka/index.ts";
import { createService, type Logger, type Service } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import { matchingName } from "./alert-flows.ts";
import type { LiveRules } from "./live-rules.ts";
import { changedNames } from "./rule-book.ts";
import type { Rules } from "./rules.ts";
import { lookRecord, signalTopic } from "./signal.ts";

export type FollowParts = {
  readonly rules: LiveRules;
  readonly log: Logger;
  /** Whether this process runs a flow. */
  runs(flowName: string): boolean;
  /** What matches a topic with the rules. */
  runnerOf(topic: string): Service;
  /** Tells whoever keeps alerts that rules are others than they were; `before` is undefined for the first rules of this process. */
  tellChange(before: Rules | undefined): Promise<void>;
};

/**
 * Runs the flows that match events with rules: one for each topic that a rule listens to now. A rule that changes needs no restart; only a topic that becomes
 * interesting, or is of no interest any more, has its flow started or stopped. Nothing is matched before the rules are known whole: an event that is
 * passed over would never come back.
 */
export function followRules(parts: FollowParts): Service {
  const { rules, log } = parts;
  const running = new Map<string, Service>();
  let told: Rules | undefined;
  let work: Promise<void> | undefined;
  let stopping = false;

  async function reconcile(fail: (cause: unknown) => void): Promise<void> {
    if (!rules.isRead) return;
    const wanted = rules.topics.filter((topic) => parts.runs(matchingName(topic)));
    for (const [topic, runner] of running) {
      if (wanted.includes(topic)) continue;
      await runner.stop();
      running.delete(topic);
    }
    for (const topic of wanted) {
      if (stopping || running.has(topic)) continue;
      const runner = parts.runnerOf(topic);
      try {
        await runner.start(fail);
        running.set(topic, runner);
      } catch (error) {
        await runner.stop();
        throw error;
      }
    }
    const { rules: now } = rules.book;
    if (now === told) return;
    await parts.tellChange(told);
    told = now;
  }

  return createService({
    name: "alert rules at work",
    async start(fail) {
      await reconcile(fail);
      rules.onRead(() => {
        if (stopping) return;
        work ??= reconcile(fail)
          .catch((error: unknown) => log.warn({ err: error }, "changed alert rules are taken up later"))
          .finally(() => {
            work = undefined;
          });
      });
    },
    async stop() {
      stopping = true;
      await work;
      for (const runner of [...running.values()].reverse()) await runner.stop();
    },
  });
}

/**
 * Asks for another look at every scope that remembers something of a rule that has changed, or of one that there is not any more: what it told is to
 * be resolved now and not when it would be told again.
 */
export async function askForLooks(
  db: Pick<Queryable, "query">,
  { consumer, topicPrefix }: { readonly consumer: string; readonly topicPrefix: string },
  { before, after }: { readonly before: Rules | undefined; readonly after: Rules },
  producer: Pick<Producer, "send">,
): Promise<void> {
  const changed = before === undefined ? [] : changedNames(before, after);
  if (before !== undefined && changed.length === 0) return;
  const rows = await db.query<{ key: string }>(
    `select key from pipeline.state where consumer = $1 and exists (
       select from jsonb_each(value::jsonb -> 'groups') as each(key, "group")
       where each."group" ->> 'rule' = any($2) or not each."group" ->> 'rule' = any($3))`,
    [consumer, changed, [...after.byName.keys()]],
  );
  if (rows.length === 0) return;
  await producer.send(
    topicPrefix + signalTopic,
    rows.map(({ key }) => lookRecord(key, after.change ?? 0)),
  );
}
