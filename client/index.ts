export { systemClock } from "./adapters/clock.ts";
export { fetchNetwork } from "./adapters/fetch.ts";
export { memoryStorage } from "./adapters/memory.ts";
export {
  Client,
  type ClientOptions,
  type ClientStatus,
  type Consent,
  createClient,
  dropReport,
  type Tracked,
} from "./client.ts";
export type { DropReason, Kept } from "./event.ts";
export type { Answer, Clock, EventClass, Lifecycle, Network, Random, Request, Storage } from "./ports.ts";
export type { Result } from "./sender.ts";
