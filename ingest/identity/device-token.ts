import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { type ErrorCode, PipelineError } from "../../runtime/index.ts";
import type { ApiKeyEntry } from "./api-key.ts";
import { type DeviceKeys, signerOf } from "./device-keys.ts";
import { scopes } from "./scopes.ts";

/** Whom a token speaks for: the prefix of an id, and the rest of it. */
export const tokenSubject = z
  .string()
  .max(200)
  .regex(/^[a-z]{1,16}_[\x21-\x7e]+$/, 'expected an id with its prefix, such as "drv_123"');

/** What a token says, once it is known to be true. */
export type TokenClaims = {
  readonly subject: string;
  /** The id of the API key that it was minted with. */
  readonly keyId: string;
  readonly scopes: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

const issuer = "hailstream";
const audience = "hailstream";
/** Clocks of different servers may differ by this much. A token's end is kept to the second. */
const leewaySeconds = 60;

/** The claims of ours; the registered ones are judged by jose. */
const ownClaims = z.object({
  sub: tokenSubject,
  key: z.string().min(1).max(64),
  scopes: scopes.optional(),
  iat: z.number(),
  exp: z.number(),
});

/**
 * A JWT (RFC 7519) signed with Ed25519. Its claims: iss and aud "hailstream", sub the device's user, app and key the API key's name and
 * id, iat, exp, and scopes when it may do less than the key.
 * @throws PipelineError device_tokens_off when no key can sign
 */
export async function signToken(
  keys: DeviceKeys,
  app: Pick<ApiKeyEntry, "id" | "name">,
  wanted: { readonly subject: string; readonly ttlSeconds: number; readonly scopes?: readonly string[] | undefined },
  now: number,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const signer = signerOf(keys, now);
  if (signer === undefined) throw new PipelineError("device_tokens_off");
  const issuedAt = Math.floor(now / 1_000);
  const expiresAt = issuedAt + wanted.ttlSeconds;
  const own = { app: app.name, key: app.id, ...(wanted.scopes === undefined ? {} : { scopes: wanted.scopes }) };
  const token = await new SignJWT(own)
    .setProtectedHeader({ alg: "EdDSA", kid: signer.kid, typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(wanted.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(signer.key);
  return { token, expiresAt: expiresAt * 1_000 };
}

/**
 * What a token says. Only Ed25519 is a signature here, whatever the token's own header names (RFC 8725).
 * @param now milliseconds since 1970
 * @throws PipelineError request_device_token_…
 */
export async function verifyToken(
  keys: DeviceKeys,
  token: string,
  rules: { readonly maxTtlMs: number },
  now: number,
): Promise<TokenClaims> {
  const payload = await verifiedPayload(keys, token, now);
  const read = ownClaims.safeParse(payload);
  if (!read.success) throw invalid(`the claim ${String(read.error.issues[0]?.path[0])} is missing or wrong`);
  const { sub, key, iat, exp } = read.data;
  if (exp * 1_000 <= now) throw expired(exp);
  if (iat > now / 1_000 + leewaySeconds) throw refused("request_device_token_not_yet_valid", { valid_from: iat });
  if ((exp - iat) * 1_000 > rules.maxTtlMs) {
    throw refused("request_device_token_too_long", { seconds: exp - iat, limit: rules.maxTtlMs / 1_000 });
  }
  return { subject: sub, keyId: key, scopes: read.data.scopes, expiresAt: exp * 1_000 };
}

async function verifiedPayload(keys: DeviceKeys, token: string, now: number): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, keys.find, {
      algorithms: ["EdDSA"],
      issuer,
      audience,
      requiredClaims: ["sub", "iat", "exp"],
      clockTolerance: leewaySeconds,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired(error.payload.exp);
    if (error instanceof errors.JWTClaimValidationFailed) {
      const { claim, payload } = error;
      if (claim === "nbf" && typeof payload.nbf === "number") {
        throw refused("request_device_token_not_yet_valid", { valid_from: payload.nbf });
      }
      throw invalid(`the claim ${registered.has(claim) ? claim : ""} is missing or wrong`);
    }
    if (error instanceof errors.JOSEError) throw invalid(reasons[error.code] ?? "it is not a JWT in compact form");
    throw error;
  }
}

const registered = new Set(["iss", "aud", "sub", "iat", "exp", "nbf"]);

const reasons: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: "its algorithm is not EdDSA",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "its signature is wrong",
  ERR_JWKS_NO_MATCHING_KEY: "it is signed by no key of this server",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "it does not name its key (kid)",
};

function expired(exp: number | undefined): PipelineError {
  return refused("request_device_token_expired", { expired_at: exp });
}

function invalid(reason: string): PipelineError {
  return refused("request_device_token_invalid", { reason });
}

function refused(code: ErrorCode, fields: Readonly<Record<string, string | number | undefined>>): PipelineError {
  return new PipelineError(code, { fields });
}
