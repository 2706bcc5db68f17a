import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { type ApiKeyEntry, apiKeyEntry, hashApiKey, makeApiKey, stateOf } from "./api-key.ts";
import { changeFile } from "./change-file.ts";
import { JsonProblem, readJson } from "./read-json.ts";

/**
 * The entries of a keys file. Two entries of one key, of which only one is revoked, would contradict each other.
 * @throws JsonProblem
 */
export function readKeys(text: string): readonly ApiKeyEntry[] {
  const entries = readJson(text, z.array(apiKeyEntry));
  for (const part of ["id", "sha256"] as const) {
    const seen = new Set<string>();
    for (const [index, entry] of entries.entries()) {
      if (seen.has(entry[part])) throw new JsonProblem(1, `/${index}: another entry has the same ${part}`);
      seen.add(entry[part]);
    }
  }
  return entries;
}

export type NewKey = Pick<ApiKeyEntry, "name" | "stage" | "scopes" | "mint" | "expires_at">;
/** `text` is the key itself, for its one showing. */
export type MadeKey = { readonly text: string; readonly entry: ApiKeyEntry };

/** Adds a key. @throws PipelineError api_key_exists when the app has a valid one of this stage: it is rotated instead */
export function createKey(file: string, wanted: NewKey, now: Date): Promise<MadeKey> {
  return changeKeys(file, (entries) => {
    const { name, stage } = wanted;
    const other = entries.find((e) => e.name === name && e.stage === stage && stateOf(e, now.getTime()) === "valid");
    if (other !== undefined) throw new PipelineError("api_key_exists", { fields: { name, stage, id: other.id } });
    const made = make(wanted, now);
    return { entries: [...entries, made.entry], result: made };
  });
}

/**
 * Adds a second key with the rights of the first, which stays valid until `graceMs` from now, or until its own end if that is sooner.
 * @param idOrName of a valid key
 */
export function rotateKey(
  file: string,
  idOrName: string,
  graceMs: number,
  now: Date,
): Promise<MadeKey & { readonly old: ApiKeyEntry }> {
  return changeKeys(file, (entries) => {
    const first = findKey(entries, idOrName, now.getTime());
    if (stateOf(first, now.getTime()) !== "valid") {
      throw new PipelineError("api_key_ended", { fields: { id: first.id, state: stateOf(first, now.getTime()) } });
    }
    const { name, stage, scopes, mint } = first;
    const made = make({ name, stage, scopes, mint }, now);
    const end = Math.min(now.getTime() + graceMs, Date.parse(first.expires_at ?? "9999-12-31T00:00:00Z"));
    const old = { ...first, expires_at: new Date(end).toISOString() };
    return {
      entries: [...entries.map((entry) => (entry === first ? old : entry)), made.entry],
      result: { ...made, old },
    };
  });
}

/** Ends a key, and with it the device tokens that it minted. A second time changes nothing. The entry stays as a record. */
export function revokeKey(file: string, idOrName: string, now: Date): Promise<ApiKeyEntry> {
  return changeKeys(file, (entries) => {
    const found = findKey(entries, idOrName, now.getTime());
    const revoked = { ...found, revoked_at: found.revoked_at ?? now.toISOString() };
    return { entries: entries.map((entry) => (entry === found ? revoked : entry)), result: revoked };
  });
}

/**
 * A key by its id, or by the name of its app when the app has one key, or one valid key.
 * @throws PipelineError api_key_not_found, api_key_ambiguous
 */
export function findKey(entries: readonly ApiKeyEntry[], idOrName: string, now: number): ApiKeyEntry {
  const byId = entries.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const named = entries.filter(({ name }) => name === idOrName);
  const valid = named.filter((entry) => stateOf(entry, now) === "valid");
  const [only] = valid.length > 0 ? valid : named;
  if (only === undefined) throw new PipelineError("api_key_not_found", { fields: { key: shortened(idOrName) } });
  if (valid.length > 1 || (valid.length === 0 && named.length > 1)) {
    const ids = (valid.length > 1 ? valid : named).map(({ id }) => id).join(" ");
    throw new PipelineError("api_key_ambiguous", { fields: { name: idOrName, ids } });
  }
  return only;
}

/** Whoever pastes a whole key where its id belongs must not find it in a log. */
function shortened(text: string): string {
  return text.length > 24 ? `${text.slice(0, 16)}…` : text;
}

function make(wanted: NewKey, now: Date): MadeKey {
  const { id, text } = makeApiKey(wanted.stage);
  return { text, entry: { id, ...wanted, sha256: hashApiKey(text), created_at: now.toISOString() } };
}

function changeKeys<T>(
  file: string,
  change: (entries: readonly ApiKeyEntry[]) => { readonly entries: readonly ApiKeyEntry[]; readonly result: T },
): Promise<T> {
  return changeFile(file, async (text) => {
    const { entries, result } = change(text === undefined ? [] : readKeysOf(file, text));
    return { text: `${JSON.stringify(entries, undefined, 2)}\n`, result };
  });
}

/** @throws PipelineError api_keys_unreadable */
export function readKeysOf(file: string, text: string): readonly ApiKeyEntry[] {
  try {
    return readKeys(text);
  } catch (cause) {
    throw new PipelineError("api_keys_unreadable", { cause, fields: { file } });
  }
}
