import { isIP } from "node:net";
import { PipelineError } from "../../runtime/index.ts";
import { guardLookup, type Resolve } from "./guarded-agent.ts";
import { createSharedLookup } from "./shared-lookup.ts";
import { bareHost, checkUrl, portOf, type TargetPolicy } from "./target-guard.ts";

/**
 * Checks a URL before it is stored as an endpoint, the addresses of its name included, and gives it in its normal form. This is for a
 * clear answer at once; what protects is the check at every attempt. A name that cannot be looked up now is accepted, with `resolved: false`.
 * @throws PipelineError webhook_*
 */
export async function checkTarget(
  text: string,
  policy: TargetPolicy,
  resolve: Resolve = createSharedLookup(),
): Promise<{ readonly url: string; readonly resolved: boolean }> {
  const url = checkUrl(text, policy);
  const host = bareHost(url.hostname);
  if (isIP(host) !== 0) return { url: url.href, resolved: true };
  const error = await new Promise<Error | null>((done) =>
    guardLookup(resolve, portOf(url), policy)(host, { all: true }, (failure) => done(failure)),
  );
  if (error instanceof PipelineError) throw error;
  return { url: url.href, resolved: error === null };
}
