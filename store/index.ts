export { type Action, type NewAction, noteAction, readActions } from "./actions.ts";
export { type ActCounts, type ActKind, type ActLine, beginAct, endAct, listActs } from "./acts.ts";
export { advance, type CheckpointKey, type Claim, claim } from "./checkpoint.ts";
export {
  createDatabase,
  type Database,
  type DatabaseParts,
  type Queryable,
  type Transaction,
  type TransactionOptions,
} from "./database.ts";
export { foldLedger } from "./ledger.ts";
export { migrate, runAsOwner } from "./migrate.ts";
export { type StoreOptions, storeOptions } from "./options.ts";
export { createPartitionClaims, type PartitionClaim, type PartitionClaims } from "./partition-claims.ts";
export {
  beginRebuild,
  type Correction,
  dropRebuild,
  type Halted,
  type Rebuild,
  seedRebuild,
  switchToRebuild,
  touchRebuild,
} from "./rebuilds.ts";
export {
  beginRedrive,
  endRedrive,
  type Letter,
  type LetterFilter,
  noteRedrive,
  type RedriveCounts,
} from "./redrives.ts";
export { beginReplay, endReplay, noteReplay, type ReplayCounts, type ReplayWish } from "./replays.ts";
export { type SqlVerdict, sqlStateOf, sqlStates, verdictOf } from "./sqlstate.ts";
export {
  createPostgresStateStore,
  type OutboxRecord,
  type OutboxRow,
  type StateChange,
  type StateRow,
  type StateStore,
} from "./state-store.ts";
