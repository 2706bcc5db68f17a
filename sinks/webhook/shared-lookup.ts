import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { Resolve } from "./guarded-agent.ts";

/**
 * The system's look-up, where requests for a name that is being looked up already wait for that one's answer. Node looks names
 * up on four threads: many attempts for one name whose server is silent would otherwise keep all others from their targets.
 * Answers are not kept.
 */
export function createSharedLookup(resolve: Resolve = systemLookup): Resolve {
  const running = new Map<string, Parameters<Resolve>[2][]>();
  return (name, options, callback) => {
    const key = `${name} ${options.family ?? 0} ${options.hints ?? 0}`;
    const waiting = running.get(key);
    if (waiting !== undefined) {
      waiting.push(callback);
      return;
    }
    const callbacks = [callback];
    running.set(key, callbacks);
    resolve(name, options, (error, addresses: LookupAddress[]) => {
      running.delete(key);
      for (const answer of callbacks) answer(error, addresses);
    });
  };
}
