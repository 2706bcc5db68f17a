import type { HttpAnswer } from "./http-client.ts";

/** What became of one event. `quarantined` is stored too: it waits for a repair on the server's side. */
export type EventFate = "accepted" | "quarantined" | "rejected" | "retry";

/** One event's result with the reason when it was turned away. */
export type EventResult = { readonly fate: EventFate; readonly reason?: Reason };

/** Why the door turned something away, in its own words. */
export type Reason = {
  readonly code: string;
  /** JSON pointer into the event. */
  readonly pointer?: string;
  readonly message?: string;
};

/**
 * One result for each of the `count` events of a request, in its order. An answer whose results cannot be read counts as
 * accepted on 202, as rejected on 422, and as retry otherwise: sending again is safe, for the ids stay the same.
 */
export function readResults(answer: HttpAnswer, count: number): readonly EventResult[] {
  const same = (result: EventResult) => new Array<EventResult>(count).fill(result);
  // 202 says that all are stored; reading each result again would cost more than making the event did.
  if (answer.status === 202 && !answer.body.includes('"quarantined"')) return same({ fate: "accepted" });
  const body = parseJson(answer.body);
  const results = isRecord(body) && Array.isArray(body.results) ? body.results : undefined;
  if (results !== undefined && results.length === count) return results.map(readResult);
  if (answer.status === 202) return same({ fate: "accepted" });
  if (answer.status === 422) return same({ fate: "rejected", reason: readReason(body) });
  return same({ fate: "retry" });
}

/** The reason in a problem+json body (RFC 9457) or, failing that, its first words. */
export function readProblem(answer: HttpAnswer): Reason {
  const body = parseJson(answer.body);
  if (isRecord(body)) return readReason(body);
  return { code: `http_${answer.status}`, message: answer.body.slice(0, 200) };
}

function readResult(result: unknown): EventResult {
  const status = isRecord(result) ? result.status : undefined;
  if (status === "accepted" || status === "duplicate") return { fate: "accepted" };
  if (status === "quarantined") return { fate: "quarantined" };
  if (status === "rejected") return { fate: "rejected", reason: readReason(result) };
  return { fate: "retry" };
}

function readReason(value: unknown): Reason {
  if (!isRecord(value)) return { code: "unknown" };
  const text = (name: string) => (typeof value[name] === "string" ? value[name] : undefined);
  const pointer = text("pointer");
  const message = text("message") ?? text("detail") ?? text("title") ?? expectation(value);
  return {
    code: text("code") ?? text("type") ?? "unknown",
    ...(pointer === undefined ? {} : { pointer }),
    ...(message === undefined ? {} : { message }),
  };
}

function expectation(value: Readonly<Record<string, unknown>>): string | undefined {
  return value.expected === undefined ? undefined : `expected ${value.expected}, got ${value.got}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
