import { type ApiKeyEntry, stateOf } from "../ingest/identity/api-key.ts";

/** What may be told of a key: everything but its hash. */
export function publicPart(entry: ApiKeyEntry, now: Date) {
  const { id, name, stage, scopes, mint, created_at, expires_at, revoked_at } = entry;
  return { id, name, stage, state: stateOf(entry, now.getTime()), scopes, mint, created_at, expires_at, revoked_at };
}

/** A key in one line. */
export function describeKey(entry: ApiKeyEntry, now: Date): string {
  const state = stateOf(entry, now.getTime());
  const ends = state === "valid" && entry.expires_at !== undefined ? `  until ${entry.expires_at}` : "";
  const mint = entry.mint ? "  mints tokens" : "";
  const head = `${entry.id.padEnd(16)}  ${state.padEnd(7)}  ${entry.stage}  ${entry.name}`;
  return `${head}  ${entry.scopes.join(",")}${mint}${ends}`;
}
