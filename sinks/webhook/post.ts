import { type Dispatcher, request } from "undici";
import { messageOf, PipelineError } from "../../runtime/index.ts";
import { contentTypeOf, type Format } from "./formats.ts";
import { retryAfterMsOf } from "./retry-schedule.ts";
import { signatureHeaders } from "./sign.ts";
import { checkUrl, type TargetPolicy } from "./target-guard.ts";

/**
 * How an attempt ended. `delivered`: any 2xx. `gone`: 410, the receiver wants nothing any more. `redirected`: 3xx, which is never
 * followed. `declined`: any other status. `target_refused`: by our own guard, nothing was sent. `interrupted`: by our own stop,
 * nobody knows whether it arrived.
 */
export type AttemptResult =
  | "delivered"
  | "gone"
  | "redirected"
  | "declined"
  | "timed_out"
  | "unreachable"
  | "target_refused"
  | "interrupted";

export type Attempt = {
  readonly result: AttemptResult;
  readonly seconds: number;
  readonly status?: number;
  /** The first part of the answer's body, or why there was no answer; without control characters. */
  readonly detail: string;
  /** What the receiver asked for by Retry-After. */
  readonly retryAfterMs?: number;
};

export type Target = { readonly url: string; readonly secrets: readonly string[] };
export type Message = { readonly id: string; readonly body: string; readonly format: Format };

export type PostParts = {
  readonly dispatcher: Dispatcher;
  readonly policy: TargetPolicy;
  readonly timeoutMs: number;
  /** Ends the attempt early, with the result `interrupted`. */
  readonly stop?: AbortSignal;
};

const answerBytes = 2_048;
const answerMs = 1_000;

/**
 * Signs and sends one message to one target, once, and tells how it went; never throws. A connection of its own each time, so the
 * target's address is looked up and checked at every attempt. Of the answer's body only the beginning is read.
 */
export async function post(target: Target, message: Message, parts: PostParts): Promise<Attempt> {
  const began = performance.now();
  const timeout = AbortSignal.timeout(parts.timeoutMs);
  const signal = parts.stop === undefined ? timeout : AbortSignal.any([timeout, parts.stop]);
  const end = (result: AttemptResult, rest: { detail: string; status?: number; retryAfterMs?: number }): Attempt => ({
    result,
    seconds: (performance.now() - began) / 1_000,
    ...rest,
    detail: printable(rest.detail),
  });
  try {
    const url = checkUrl(target.url, parts.policy);
    const answer = await request(url, {
      method: "POST",
      dispatcher: parts.dispatcher,
      signal,
      reset: true,
      headers: {
        "content-type": contentTypeOf(message.format),
        "user-agent": "hailstream-webhooks/1",
        ...signatureHeaders(message, target.secrets, new Date()),
      },
      body: message.body,
    });
    const retryAfter = answer.headers["retry-after"];
    const retryAfterMs = retryAfterMsOf(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now());
    const detail = await readBeginning(answer.body);
    return end(resultOf(answer.statusCode), {
      status: answer.statusCode,
      detail,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  } catch (error) {
    if (timeout.aborted) return end("timed_out", { detail: `no answer within ${parts.timeoutMs} ms` });
    if (parts.stop?.aborted === true) return end("interrupted", { detail: "this process was stopped" });
    const refused = error instanceof PipelineError;
    return end(refused ? "target_refused" : isTimeout(error) ? "timed_out" : "unreachable", { detail: textOf(error) });
  }
}

function resultOf(status: number): AttemptResult {
  if (status >= 200 && status < 300) return "delivered";
  if (status === 410) return "gone";
  return status >= 300 && status < 400 ? "redirected" : "declined";
}

/** The status has decided already; a body that is endless, slow or broken must neither cost memory nor change it. */
async function readBeginning(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const cut = setTimeout(() => body.destroy(), answerMs);
  body.on("error", () => undefined);
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= answerBytes) break;
    }
  } catch {
    // What was read until then is what there is to show.
  } finally {
    clearTimeout(cut);
    body.destroy();
  }
  return Buffer.concat(chunks).subarray(0, answerBytes).toString("utf8");
}

/** undici's own deadlines: connect, headers, body. */
function isTimeout(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^UND_ERR_.*TIMEOUT$/.test(code);
}

/** With several addresses that cannot be reached, the error holds one for each and no text of its own. */
function textOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, answerBytes);
}
