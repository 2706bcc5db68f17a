import { z } from "zod";
import { didYouMean, PipelineError } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import type { Filter, Group } from "./kept.ts";

/** The longest that an answer is waited for; a connection on which nothing moves lives for half a minute. */
export const maxWaitMs = 20_000;

/** What may stand in the address of /micro/all, /micro/good and /micro/bad. */
const querySchema = z.strictObject({
  id: z.string().optional(),
  type: z.string().optional(),
  subject: z.string().optional(),
  key: z.string().optional(),
  status: z.enum(["accepted", "duplicate", "quarantined", "rejected", "retry", "refused"]).optional(),
  code: z.string().optional(),
  after: z.coerce.number().int().min(0).optional(),
  count: z.coerce.number().int().min(1).max(1_000_000).default(1),
  wait_ms: z.coerce.number().int().min(0).max(maxWaitMs).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

export type Query = {
  readonly filter: Filter;
  /** So many must match before it is answered, or the time be over. */
  readonly count: number;
  readonly waitMs: number;
  readonly limit: number;
};

/** @throws PipelineError micro_query_invalid, with the name that was meant */
export function readQuery(values: unknown, group: Group, { types }: Catalogue): Query {
  const read = querySchema.safeParse(values);
  if (!read.success) throw invalid(read.error.issues[0]);
  const { count, wait_ms: waitMs, limit, ...filter } = read.data;
  // A good event is of a known type; of another one could wait for ever.
  if (group === "good" && filter.type !== undefined && !types.has(filter.type)) {
    throw refused("type", `there is no event type ${JSON.stringify(filter.type)}`, filter.type, [...types.keys()]);
  }
  return { filter, count, waitMs, limit };
}

function invalid(issue: z.core.$ZodIssue | undefined): PipelineError {
  if (issue?.code === "unrecognized_keys") {
    const [name = ""] = issue.keys;
    return refused(name, "there is no such filter", name, Object.keys(querySchema.shape));
  }
  return refused(String(issue?.path[0] ?? ""), issue?.message ?? "", "", []);
}

function refused(filter: string, problem: string, word: string, known: readonly string[]): PipelineError {
  const hint = didYouMean(word, known);
  return new PipelineError("micro_query_invalid", {
    fields: { filter, problem, ...(hint === undefined ? {} : { did_you_mean: hint }) },
  });
}
