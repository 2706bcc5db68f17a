export {
  endLease,
  extendLease,
  finishReplays,
  fixPage,
  type HeldEntry,
  type Place,
  type Plan,
  type Planned,
  type ReplayAnswer,
  readPage,
  takePage,
} from "./changes.ts";
export {
  countEntries,
  type Entry,
  type EntryBytes,
  type EntryCount,
  type EntryFilter,
  entryStates,
  findEntry,
  listEntries,
  type Replay,
  replaysOf,
} from "./entries.ts";
export { type EntryGroup, groupEntries } from "./group-entries.ts";
