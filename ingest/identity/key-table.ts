import { hash, timingSafeEqual } from "node:crypto";
import { PipelineError } from "../../runtime/index.ts";
import type { ApiKeyEntry } from "./api-key.ts";
import { permit } from "./scopes.ts";
import type { Sender } from "./sender.ts";

/** One key as requests meet it: all that can be made ready ahead is. */
export type KnownKey = {
  readonly entry: ApiKeyEntry;
  readonly sha256: Buffer;
  readonly sender: Sender;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

/** The keys of one version of the keys file. */
export type KeyTable = {
  readonly byDigest: ReadonlyMap<string, KnownKey>;
  readonly byId: ReadonlyMap<string, KnownKey>;
  /**
   * Valid keys by the header that they came in, so that the way through the hash is gone once. It is as old as the table, and holds
   * what its holders send anyway; a guess is found in it only when the whole of it is right.
   */
  readonly recent: Map<string, KnownKey>;
};

/** Spellings of a header are its sender's choice, so their number is bounded. */
const maxRecent = 1_000;

/** Keeps a header whose key was found. */
export function keepRecent({ recent }: KeyTable, authorization: string, key: KnownKey): void {
  if (recent.size >= maxRecent) recent.clear();
  recent.set(authorization, key);
}

export function createKeyTable(entries: readonly ApiKeyEntry[]): KeyTable {
  const known = entries.map((entry): KnownKey => {
    const { name, stage, scopes, expires_at } = entry;
    const expiresAt = expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
    const sender = { name, stage, mayPost: permit(scopes) };
    return { entry, sha256: Buffer.from(entry.sha256, "hex"), sender, expiresAt };
  });
  return {
    byDigest: new Map(known.map((key) => [beginningOf(key.sha256), key])),
    byId: new Map(known.map((key) => [key.entry.id, key])),
    recent: new Map(),
  };
}

/**
 * The key with this text. The first half of its hash finds the entry, and the whole is compared in constant time: the time taken tells
 * nothing about the key. Even without that, knowing how much of a hash is right helps nobody to a key.
 * @param now milliseconds since 1970
 * @throws PipelineError request_api_key_unknown, request_api_key_revoked, request_api_key_expired
 */
export function keyOf(table: KeyTable, text: string, now: number): KnownKey {
  const digest = hash("sha256", text, "buffer");
  const found = table.byDigest.get(beginningOf(digest));
  if (found === undefined || !timingSafeEqual(found.sha256, digest)) {
    throw new PipelineError("request_api_key_unknown", { fields: bearerFields });
  }
  // Only who holds the key learns what became of it.
  const { id, revoked_at, expires_at } = found.entry;
  if (revoked_at !== undefined) {
    throw new PipelineError("request_api_key_revoked", { fields: { key: id, revoked_at } });
  }
  if (found.expiresAt <= now) throw new PipelineError("request_api_key_expired", { fields: { key: id, expires_at } });
  return found;
}

/** What is told to whoever comes without a usable Authorization header. */
export const bearerFields = { header: "Authorization", expected: "Bearer KEY" } as const;

function beginningOf(digest: Buffer): string {
  return digest.toString("latin1", 0, 16);
}
