import { z } from "zod";
import { fateOf, type HttpClient, pause, readProblem, retryDelayMs } from "../apps/index.ts";
import { PipelineError } from "../runtime/index.ts";

/** What the front door said of one event. */
export type DoorAnswer = {
  /** accepted, duplicate, rejected, quarantined or retry. */
  readonly status: string;
  readonly code?: string | undefined;
  /** The result, whole. */
  readonly answer: unknown;
};

const result = z.looseObject({ status: z.string(), code: z.string().optional() });
const body = z.looseObject({ results: z.array(result) });

/** A door that is busy says for how long; after these many tries it is away. */
const maxTries = 6;

export type PostParts = {
  readonly client: HttpClient;
  readonly random: () => number;
  /** Aborted when the user has had enough: what is under way gets its answer or none. */
  readonly quit: AbortSignal;
  /** Cuts requests under way. */
  readonly cut: AbortSignal;
  /** Called before each request after the first. */
  readonly onAgain: () => Promise<void>;
};

/**
 * Posts events as one batch, each as its bytes, and those that are to be sent again once more. One answer an event; undefined for one that
 * was posted and whose answer did not come, which may be stored.
 * @throws PipelineError apps_request_refused when the door does not take such requests at all
 */
export async function postAgain(
  events: readonly Buffer[],
  parts: PostParts,
): Promise<readonly (DoorAnswer | undefined)[]> {
  const answers: (DoorAnswer | undefined)[] = new Array(events.length).fill(undefined);
  let left = [...events.keys()];
  for (let tries = 1; left.length > 0; tries += 1) {
    if (tries > 1) await parts.onAgain();
    const { results, retryAfterMs } = await postOnce(
      left.map((index) => events[index] as Buffer),
      parts,
    );
    for (const [i, index] of left.entries()) answers[index] = results[i] ?? answers[index];
    left = left.filter((index) => answers[index] === undefined || answers[index]?.status === "retry");
    if (left.length === 0 || tries === maxTries || parts.quit.aborted) break;
    await pause(retryDelayMs({ attempt: tries, retryAfterMs }, parts.random), parts.quit);
    if (parts.quit.aborted) break;
  }
  return answers;
}

type Posted = { readonly results: readonly (DoorAnswer | undefined)[]; readonly retryAfterMs: number | undefined };

async function postOnce(events: readonly Buffer[], parts: PostParts): Promise<Posted> {
  const batch = `[${events.map((event) => event.toString()).join(",")}]`;
  const answer = await parts.client.post(batch, parts.cut).catch(() => undefined);
  if (answer === undefined) return { results: [], retryAfterMs: undefined };
  const fate = fateOf(answer.status);
  if (fate === "split" && events.length > 1) {
    const middle = Math.ceil(events.length / 2);
    const first = await postOnce(events.slice(0, middle), parts);
    const second = await postOnce(events.slice(middle), parts);
    const results = [...Array.from({ length: middle }, (_, i) => first.results[i]), ...second.results];
    return { results, retryAfterMs: second.retryAfterMs ?? first.retryAfterMs };
  }
  if (fate === "refused" || fate === "split") {
    const { code, message } = readProblem(answer);
    throw new PipelineError("apps_request_refused", { fields: { status: answer.status, code, message } });
  }
  const read = body.safeParse(parse(answer.body));
  if (!read.success || read.data.results.length !== events.length) {
    const { code } = readProblem(answer);
    const again = { status: "retry", code, answer: null };
    return { results: events.map(() => again), retryAfterMs: answer.retryAfterMs };
  }
  const results = read.data.results.map((one) => ({ status: one.status, code: one.code, answer: one }));
  return { results, retryAfterMs: answer.retryAfterMs };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
