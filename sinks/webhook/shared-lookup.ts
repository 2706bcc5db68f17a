import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { Resolve } from "./guarded-agent.ts";

/** A look-up that takes longer is one of a name whose server does not answer well. */
const slowMs = 2_000;

/**
 * The system's look-up, made so that names whose server is silent do not keep the others from their targets. Node has two threads for look-ups, and such
 * a one takes its thread for many seconds. So requests for a name that is being looked up wait for that one's answer; and a name that was slow the
 * last time is looked up in turn with the others of its kind, which leaves a thread for all other names. Answers are not kept.
 */
export function createSharedLookup(resolve: Resolve = systemLookup): Resolve {
  const running = new Map<string, Parameters<Resolve>[2][]>();
  const slow = new Set<string>();
  let slowTurn: Promise<void> = Promise.resolve();

  return (name, options, callback) => {
    const key = `${name} ${options.family ?? 0} ${options.hints ?? 0}`;
    const waiting = running.get(key);
    if (waiting !== undefined) {
      waiting.push(callback);
      return;
    }
    running.set(key, [callback]);
    if (slow.has(name)) slowTurn = slowTurn.then(() => lookUp(key, name, options));
    else void lookUp(key, name, options);
  };

  function lookUp(key: string, name: string, options: Parameters<Resolve>[1]): Promise<void> {
    const began = performance.now();
    return new Promise((done) => {
      const end = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
        if (performance.now() - began > slowMs || error?.code === "EAI_AGAIN") slow.add(name);
        else slow.delete(name);
        const callbacks = running.get(key) ?? [];
        running.delete(key);
        for (const answer of callbacks) answer(error, addresses);
        done();
      };
      try {
        resolve(name, options, end);
      } catch (error) {
        end(error as Error, []);
      }
    });
  }
}
