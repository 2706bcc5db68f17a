export { deadLetterTopic } from "./dead-letter.ts";
export { type Emitted, type Flow, flow, headersOf, type Origin, type Reader } from "./flow.ts";
export { type StreamOptions, streamOptions } from "./options.ts";
export { type BatchOutcome, processBatch, type TurnedAway } from "./process-batch.ts";
export { createReference, type Reference, type ReferenceParts } from "./reference/reference.ts";
export { createRunner, type RunnerParts } from "./runner.ts";
export { createStream, type StreamParts } from "./service.ts";
export { deadLetter, drop, forward, type Step, type Verdict } from "./step.ts";
export { createTopology } from "./topology.ts";
