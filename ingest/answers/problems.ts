import { type ErrorCode, errorTable, PipelineError } from "../../runtime/index.ts";
import type { Problem } from "./result-schema.ts";

/** The HTTP status of each error that concerns a whole request; any other error is a fault of ours: 500. */
export const statuses: Partial<Record<ErrorCode, number>> = {
  request_body_empty: 400,
  request_json_invalid: 400,
  request_utf8_invalid: 400,
  request_shape_invalid: 400,
  request_gzip_invalid: 400,
  request_aborted: 400,
  request_head_invalid: 400,
  request_malformed: 400,
  request_head_too_large: 431,
  request_too_slow: 408,
  request_https_required: 400,
  request_api_key_missing: 401,
  request_api_key_unknown: 401,
  request_api_key_expired: 401,
  request_api_key_revoked: 401,
  request_device_token_invalid: 401,
  request_device_token_expired: 401,
  request_device_token_not_yet_valid: 401,
  request_device_token_too_long: 401,
  request_device_token_revoked: 401,
  request_mint_forbidden: 403,
  request_token_wish_invalid: 400,
  device_tokens_off: 404,
  micro_query_invalid: 400,
  request_path_unknown: 404,
  request_method_unsupported: 405,
  request_stream_idle: 408,
  request_body_too_large: 413,
  request_inflated_too_large: 413,
  request_too_many_events: 413,
  request_too_many_items: 413,
  request_media_type_unsupported: 415,
  request_encoding_unsupported: 415,
  request_rate_limited: 429,
  request_overloaded: 503,
  request_stopping: 503,
  event_shed: 503,
  event_schema_unavailable: 503,
  kafka_produce_failed: 503,
  kafka_produce_buffer_full: 503,
  kafka_unreachable: 503,
  spool_full: 503,
  spool_write_failed: 503,
  durability_unavailable: 503,
};

/** Codes that are answered to a request for a device token only. */
export const tokenOnlyCodes: ReadonlySet<ErrorCode> = new Set([
  "request_mint_forbidden",
  "request_token_wish_invalid",
  "device_tokens_off",
]);

/** The problem of a whole request. Of an error that is not meant for the client only its code is told. */
export function problemOf(error: unknown, docsUrl: string): Problem {
  const status = error instanceof PipelineError ? statuses[error.code] : undefined;
  const known = status === undefined || !(error instanceof PipelineError) ? new PipelineError("request_failed") : error;
  const { title, remedy } = errorTable[known.code];
  const facts = Object.entries(known.fields).filter((fact): fact is Fact => fact[1] !== undefined);
  return {
    type: docsUrl + known.code,
    title,
    status: status ?? 500,
    code: known.code,
    detail: remedy,
    docs: docsUrl + known.code,
    ...(facts.length > 0 ? { fields: Object.fromEntries(facts) } : {}),
  };
}

type Fact = [string, string | number | boolean];

/** Whether an error means that this sender sends too much, rather than that the server is busy. */
export function isRateLimit(code: ErrorCode): boolean {
  return statuses[code] === 429;
}

/** Whether a status asks the client to come again later, and so needs Retry-After. */
export function isRetryLater(status: number): boolean {
  return status === 429 || status === 503;
}

/**
 * Seconds for a Retry-After header, 1 to 5, spread at random: clients that were refused together must not return together.
 * @param random 0 up to 1
 */
export function retryAfterSeconds(random: number): number {
  return 1 + Math.floor(random * 5);
}
