import { z } from "zod";
import type { ErrorCode } from "../../runtime/index.ts";
import { tokenOnlyCodes } from "../answers/problems.ts";
import { mintedTokenSchema, tokenWish } from "../identity/token-route.ts";
import type { IngestOptions } from "../options.ts";
import { problemResponses } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";

const shared: readonly ErrorCode[] = ["request_api_key_missing", "request_api_key_unknown", "request_api_key_expired"];
const codes = new Set<ErrorCode>([...tokenOnlyCodes, ...shared, "request_api_key_revoked", "request_body_too_large"]);

/** POST /v1/device-tokens, derived from the shapes that the route reads and writes. */
export function mintToken(
  options: IngestOptions,
): JsonSchema & { readonly responses: Readonly<Record<string, JsonSchema>> } {
  const maxSeconds = Math.floor(options.deviceTokenMaxMs / 1_000);
  const example = { subject: "drv_123", ttl_seconds: Math.min(900, maxSeconds), scopes: ["driver.*", "trip.*"] };
  const schema = schemaOf(tokenWish(maxSeconds), "input");
  const minted = {
    token: "eyJhbGciOiJFZERTQSIs…",
    token_type: "Bearer",
    subject: "drv_123",
    expires_at: "2026-11-22T21:26:41.000Z",
    expires_in_seconds: 900,
  };
  return {
    operationId: "mintDeviceToken",
    tags: ["Tokens"],
    summary: "Get a token for one device",
    description:
      "For the backend of an app, by an API key that may mint. The device sends the token in place of the key, and can then post its subject's events only.",
    requestBody: { required: true, content: { "application/json": { schema, example } } },
    responses: {
      201: {
        description: "The token. It is kept nowhere.",
        content: { "application/json": { schema: schemaOf(mintedTokenSchema, "output"), example: minted } },
      },
      ...problemResponses(false, (code) => codes.has(code)),
    },
  };
}

function schemaOf(shape: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { target: "draft-2020-12", io });
  return schema;
}
