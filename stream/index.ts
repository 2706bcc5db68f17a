export { type AlertMessage, alertOf } from "./alerts/alert.ts";
export { alertFlow, alertKeepingFlow, matchingFlows } from "./alerts/alert-flows.ts";
export { type AlertState, listAlertStates } from "./alerts/alert-states.ts";
export { ruleJson } from "./alerts/api/shapes.ts";
export { type CityAt, cityFinder } from "./alerts/city-at.ts";
export { durationForm, durationMs } from "./alerts/duration.ts";
export { createShelf } from "./alerts/live-rules.ts";
export { loadRuleFile, loadRules, readRules, textOf } from "./alerts/load-rules.ts";
export { type BookEntry, openBook, type Shelf } from "./alerts/rule-book.ts";
export { putRule, readStoredRules, removeRule } from "./alerts/rule-store.ts";
export { createRules, type Rules } from "./alerts/rules.ts";
export { addSilence, endSilence, type KeptSilence, listSilences } from "./alerts/silence-store.ts";
export { noSilences } from "./alerts/silences.ts";
export { type Trial, tryRules } from "./alerts/try-rules.ts";
export { deadLetterTopic } from "./dead-letter.ts";
export {
  type DecodedEvent,
  deriveEvent,
  type EventSchemas,
  type NewEvent,
  readEvent,
  recordOf,
  writeEvent,
} from "./event.ts";
export { type Emitted, type Flow, flow, headersOf, type Origin, type Reader } from "./flow.ts";
export { type StreamOptions, streamOptions } from "./options.ts";
export { type BatchOutcome, processBatch, type TurnedAway } from "./process-batch.ts";
export { createReference, type Reference, type ReferenceParts } from "./reference/reference.ts";
export type { Difference, Verdict as ReprocessVerdict } from "./reprocess/comparison.ts";
export { type ReprocessParts, type ReprocessReport, reprocess } from "./reprocess/reprocess.ts";
export { createRunner, type RunnerParts } from "./runner.ts";
export { createStream, idleOf, rememberingFlowsOf, type StreamParts } from "./service.ts";
export { readAnnounced } from "./state/announcement.ts";
export { type Counted, isCounted, type Place, withPlace } from "./state/counted.ts";
export { lateEventTopic } from "./state/late-event.ts";
export { type Identified, once } from "./state/once.ts";
export { type RememberingFlow, readThrough, rememberingFlow } from "./state/remembering-flow.ts";
export { createRememberingRunner, type RememberingRunnerParts } from "./state/remembering-runner.ts";
export type { Change, Moment, RememberingStep } from "./state/remembering-step.ts";
export { deadLetter, drop, forward, type Step, type Verdict } from "./step.ts";
export { createRememberingTopology, createTopology, type ProcessorRules } from "./topology.ts";
export { defineTopology, loadTopology, type MakeTopology, type Topology } from "./topology-file.ts";
export { resultId } from "./windows/result-id.ts";
export type { WindowRules } from "./windows/window-rules.ts";
export { type Aggregate, type WindowResult, windowed } from "./windows/windowed.ts";
export { type WindowedFlowParts, windowedFlow } from "./windows/windowed-flow.ts";
