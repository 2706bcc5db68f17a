import { hash, randomInt } from "node:crypto";
import { z } from "zod";
import { scopes } from "./scopes.ts";

/** One entry of the keys file, as it stands there. The key itself is nowhere: only who holds it knows it. */
export const apiKeyEntry = z
  // Strict: a misspelt revoked_at would leave a key valid.
  .strictObject({
    /** What people call the key by: the beginning of its text. */
    id: z.string().min(1).max(64).optional(),
    /** The app. Several keys may share a name: that is how a key is exchanged for a new one. */
    name: z.string().min(1).max(100),
    /** Files from before there were stages hold keys of developers. */
    stage: z.enum(["test", "live"]).default("test"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/i, "expected 64 hex digits"),
    scopes: scopes.default(["*"]),
    /** Whether the key may mint device tokens. */
    mint: z.boolean().default(false),
    created_at: z.iso.datetime({ offset: true }).optional(),
    expires_at: z.iso.datetime({ offset: true }).optional(),
    revoked_at: z.iso.datetime({ offset: true }).optional(),
  })
  .transform((entry) => {
    const sha256 = entry.sha256.toLowerCase();
    return { ...entry, sha256, id: entry.id ?? `key_${sha256.slice(0, 8)}` };
  });

export type ApiKeyEntry = z.output<typeof apiKeyEntry>;

export type KeyState = "valid" | "expired" | "revoked";

/** @param now milliseconds since 1970 */
export function stateOf(entry: Pick<ApiKeyEntry, "expires_at" | "revoked_at">, now: number): KeyState {
  if (entry.revoked_at !== undefined) return "revoked";
  return entry.expires_at !== undefined && Date.parse(entry.expires_at) <= now ? "expired" : "valid";
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 43 letters of 62 are 256 bits. */
const randomLength = 43;
const shownLength = 8;

/**
 * A new key: `hs_live_` or `hs_test_`, so that scanners for leaked secrets find it, and 256 random bits in letters that a
 * double click selects. The id is its beginning: eight letters leave 208 bits unknown.
 */
export function makeApiKey(stage: ApiKeyEntry["stage"]): { readonly id: string; readonly text: string } {
  const random = Array.from({ length: randomLength }, () => alphabet[randomInt(alphabet.length)]).join("");
  const prefix = `hs_${stage}_`;
  return { id: prefix + random.slice(0, shownLength), text: prefix + random };
}

/** The SHA-256 of a key as the keys file holds it. A random key needs no slower hash: there is nothing to guess. */
export function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}
