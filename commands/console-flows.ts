import type { FlowOutline } from "../console/index.ts";
import type { KafkaConnection } from "../kafka/index.ts";
import { createMetrics, type Logger } from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import { noRules } from "../stream/alerts/rules.ts";
import {
  alertKeepingFlow,
  createReference,
  createTopology,
  noSilences,
  rememberingFlowsOf,
  type StreamOptions,
} from "../stream/index.ts";

/** Every way through the stream processor, for the console to say who writes what. Nothing of it runs here. */
export function consoleFlows(
  options: StreamOptions,
  parts: { readonly connection: KafkaConnection; readonly schemas: Schemas; readonly log: Logger },
): readonly FlowOutline[] {
  // Its tables stay empty, and its numbers are nobody's.
  const reference = createReference({ ...parts, metrics: createMetrics() });
  const flows = [
    ...createTopology(parts.schemas, reference),
    ...rememberingFlowsOf(options, parts.schemas, reference),
    alertKeepingFlow(parts.schemas, noRules, noSilences),
  ];
  return flows.map(({ name, source, outputs }) => ({ name, source, outputs, group: options.groupPrefix + name }));
}
