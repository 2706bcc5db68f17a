import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { PipelineError } from "../../runtime/index.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { type TokenClaims, verifyToken } from "./device-token.ts";
import type { KeyTable } from "./key-table.ts";
import { permit } from "./scopes.ts";
import type { Sender } from "./sender.ts";

/** The senders behind device tokens. */
export type TokenSenders = {
  /**
   * At once for a token that was seen before, a promise for one whose signature is to be checked.
   * @throws PipelineError request_device_token_…, request_overloaded
   */
  senderOf(token: string): Sender | Promise<Sender>;
  /** The keys that sign have changed: every signature is checked anew. */
  forget(): void;
};

export type TokenSendersParts = {
  /** What is valid now; the keys of a version are one object. */
  readonly keys: () => KeyTable;
  readonly deviceKeys: () => DeviceKeys | undefined;
  readonly maxTokenMs: number;
  /** How many verified tokens are remembered, by their hashes. */
  readonly capacity: number;
  readonly now: () => number;
};

/** A token that was verified: what it says, and what that means under one version of the keys file. */
type Remembered = { readonly claims: TokenClaims; readonly keys: KeyTable; readonly sender: Sender };

/** Signatures under way in a process. They share the threads that also flush files and inflate bodies. */
const maxVerifying = 32;

export function createTokenSenders(parts: TokenSendersParts): TokenSenders {
  const { now } = parts;
  const remembered = new LRUCache<string, Remembered>({ max: parts.capacity });
  const verifying = new Map<string, Promise<Sender>>();

  function remember(digest: string, claims: TokenClaims): Sender {
    const keys = parts.keys();
    const sender = senderOfClaims(keys, claims);
    remembered.set(digest, { claims, keys, sender });
    return sender;
  }

  /** Requests of one device that come together share the work; forged tokens take no more than a share of the processor. */
  function verifyOnce(token: string, digest: string): Promise<Sender> {
    const underWay = verifying.get(digest);
    if (underWay !== undefined) return underWay;
    if (verifying.size >= maxVerifying) {
      throw new PipelineError("request_overloaded", { fields: { limit: maxVerifying, of: "device tokens to verify" } });
    }
    const begun = verify(token, digest).finally(() => verifying.delete(digest));
    verifying.set(digest, begun);
    return begun;
  }

  async function verify(token: string, digest: string): Promise<Sender> {
    const by = parts.deviceKeys();
    if (by === undefined) {
      const reason = "this server has no key for device tokens";
      throw new PipelineError("request_device_token_invalid", { fields: { reason } });
    }
    const claims = await verifyToken(by, token, { maxTtlMs: parts.maxTokenMs }, now());
    // The signing key may have been taken away meanwhile: then the token is good for this once.
    return by === parts.deviceKeys() ? remember(digest, claims) : senderOfClaims(parts.keys(), claims);
  }

  return {
    senderOf(token) {
      const digest = hash("sha256", token, "base64url");
      const found = remembered.get(digest);
      // Whatever is not plain goes the whole way, which knows the reasons.
      if (found === undefined || found.claims.expiresAt <= now()) return verifyOnce(token, digest);
      // The signature stays right when the API keys change; what it allows may not.
      return found.keys === parts.keys() ? found.sender : remember(digest, found.claims);
    },
    forget: () => remembered.clear(),
  };
}

/** A token can do no more than its API key, now. @throws PipelineError request_device_token_revoked */
function senderOfClaims(keys: KeyTable, { subject, keyId, scopes }: TokenClaims): Sender {
  const key = keys.byId.get(keyId);
  if (key === undefined || key.entry.revoked_at !== undefined) {
    throw new PipelineError("request_device_token_revoked", { fields: { key: keyId } });
  }
  const { name, stage, mayPost } = key.sender;
  const own = scopes === undefined ? undefined : permit(scopes);
  const both = own === undefined ? mayPost : (type: string) => own(type) && mayPost(type);
  return { name, stage, mayPost: both, subject, device: subject };
}
