import type { Express, Request, Response } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { type AnswerParts, send, sendProblem } from "../answers/send.ts";
import { readBody } from "../formats/read-body.ts";
import { tokenSubject } from "./device-token.ts";
import type { Identity } from "./identity.ts";
import { scopes } from "./scopes.ts";

export type TokenRouteParts = AnswerParts & {
  readonly identity: Pick<Identity, "minterOf">;
  readonly options: { readonly deviceTokenMaxMs: number };
  readonly now: () => number;
};

export const tokenPath = "/v1/device-tokens";
const maxBodyBytes = 8_192;
const standardTtlSeconds = 900;

/** What the body of POST /v1/device-tokens holds. */
export function tokenWish(maxSeconds: number) {
  return z.strictObject({
    subject: tokenSubject.describe("Whom the device speaks for: an id with its prefix."),
    ttl_seconds: z.int().min(1).max(maxSeconds).default(Math.min(standardTtlSeconds, maxSeconds)),
    scopes: scopes.min(1).optional(),
  });
}

/** What is answered. */
export const mintedTokenSchema = z.strictObject({
  token: z.string().describe("A JWT signed with Ed25519, for Authorization: Bearer TOKEN."),
  token_type: z.literal("Bearer"),
  subject: z.string(),
  expires_at: z.iso.datetime(),
  expires_in_seconds: z.int().min(0),
});

/** POST /v1/device-tokens: the backend of an app, by its API key, fetches a token for one device. */
export function addTokenRoute(app: Express, parts: TokenRouteParts): void {
  app.post(tokenPath, (request: Request, response: Response) => {
    mintToken(request, response, parts).catch((error: unknown) => sendProblem(response, error, parts));
  });
  app.all(tokenPath, (request, response) => {
    response.setHeader("allow", "POST");
    const fields = { method: request.method };
    sendProblem(response, new PipelineError("request_method_unsupported", { fields }), parts);
  });
}

async function mintToken(request: Request, response: Response, parts: TokenRouteParts): Promise<void> {
  // Before the body is read: it is no stranger's business what is wrong with it.
  const mint = parts.identity.minterOf(request.headers.authorization);
  const maxSeconds = Math.floor(parts.options.deviceTokenMaxMs / 1_000);
  const wanted = readWish(await readBody(request, maxBodyBytes), maxSeconds);
  const { subject, ttl_seconds, scopes } = wanted;
  const { token, expiresAt } = await mint({ subject, ttlSeconds: ttl_seconds, scopes });
  const answer: z.output<typeof mintedTokenSchema> = {
    token,
    token_type: "Bearer",
    subject,
    expires_at: new Date(expiresAt).toISOString(),
    expires_in_seconds: Math.max(0, Math.floor((expiresAt - parts.now()) / 1_000)),
  };
  response.setHeader("cache-control", "no-store");
  send(response, 201, "application/json", JSON.stringify(answer), 0, parts.metrics);
}

function readWish(body: Buffer, maxSeconds: number) {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    // Without the cause: it quotes the body.
    throw new PipelineError("request_token_wish_invalid", { fields: { pointer: "", problem: "this is not JSON" } });
  }
  const read = tokenWish(maxSeconds).safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const pointer = (issue?.path ?? []).map((step) => `/${String(step)}`).join("");
  throw new PipelineError("request_token_wish_invalid", { fields: { pointer, problem: issue?.message } });
}
