export { type Emitted, type Flow, flow, type Origin, type Reader } from "./flow.ts";
export { createRunner, type RunnerParts } from "./runner.ts";
export { deadLetter, drop, forward, type Step, type Verdict } from "./step.ts";
