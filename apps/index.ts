export { readProblem } from "./answers.ts";
export type { KeyedEvent } from "./event.ts";
export { createHttpClient, type HttpAnswer, type HttpClient } from "./http-client.ts";
export { createLanes, type Lanes, type Rejection, type Tally } from "./lanes.ts";
export { type DoorOptions, doorOptions, type ReplayOptions, replayOptions, simulateOptions } from "./options.ts";
export { replayFile } from "./replay.ts";
export { fateOf, pause, retryDelayMs } from "./retry.ts";
export { createSimulation, type Simulation } from "./simulate.ts";
export type { PlayCounts } from "./trips/play-trips.ts";
