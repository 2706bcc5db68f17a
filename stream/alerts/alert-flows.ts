import type { Catalogue, Schemas } from "../../schemas/index.ts";
import { recordOf } from "../event.ts";
import { type Flow, flow } from "../flow.ts";
import { type RememberingFlow, rememberingFlow } from "../state/remembering-flow.ts";
import { alertOf } from "./alert.ts";
import { keepAlerts } from "./keep-alerts.ts";
import { matchRules, readHeard } from "./match-rules.ts";
import { ownSources, sourceOf } from "./rule-sources.ts";
import type { Rules } from "./rules.ts";
import { readSignal, signalTopic, writeSignal } from "./signal.ts";
import type { Silences } from "./silences.ts";

/** The flow that keeps alerts; its consumer group and its memory carry this name. */
export const alertFlow = "keep-alerts";

/** One flow for each topic that a rule listens to; what no rule listens to is not read. */
export function matchingFlows(schemas: Pick<Schemas, "decode">, rules: Rules): readonly Flow[] {
  return rules.topics.map((topic) => matchingFlow(schemas, rules, topic));
}

/** From what is said in a topic to signals. */
export function matchingFlow(schemas: Pick<Schemas, "decode">, rules: Rules, topic: string): Flow {
  return flow(matchingName(topic))
    .from(topic, readHeard(schemas, rules, topic))
    .through(matchRules(rules))
    .to([signalTopic], writeSignal(rules));
}

/** The name of the flow that matches a topic with rules. */
export function matchingName(topic: string): string {
  return `match-${topic}`;
}

/** Every flow that matches a topic, whether a rule listens to it now or not. */
export function matchingNames(catalogue: Catalogue): ReadonlySet<string> {
  const types = [...catalogue.types.keys(), ...Object.keys(ownSources)];
  return new Set(types.map((type) => matchingName(sourceOf(type, catalogue))));
}

/** From signals to alerts. */
export function alertKeepingFlow(
  schemas: Pick<Schemas, "encode" | "keyOf" | "catalogue">,
  rules: Rules,
  silences: Silences,
): RememberingFlow {
  const write = recordOf(schemas);
  return rememberingFlow({
    ...{ name: alertFlow, source: signalTopic, read: readSignal(rules), step: keepAlerts(rules, silences) },
    // Signals are in the order of their arrival, which is time to alerts.
    latenessMs: 0,
    byArrival: true,
    urgent: true,
    write: (message) => write(alertOf(message)),
    outputs: ["alerts"],
  });
}
