/** When the work of a request begins, on the one thread that does everything. */
export type Turns = {
  /** Undefined: at once. Otherwise resolves when it is the request's turn. @param bytes of its body */
  wait(bytes: number): Promise<void> | undefined;
};

/** Small requests that begin in one turn beside a large one: neither kind keeps the other waiting. */
const smallInTurn = 8;

/**
 * Keeps the turns of the event loop short. Of many requests whose bodies are there at the same moment some are worked on at once, for `turnMs`; the
 * others wait, and then a few small ones and one of the rest begin in each turn. Between two turns connections are accepted, by libuv only one at a
 * time: with four hundred busy clients a new one, perhaps with a call for help, would else not be heard before they are gone.
 * @param smallBytes bodies of at most this many are small
 */
export function createTurns({ turnMs, smallBytes }: { readonly turnMs: number; readonly smallBytes: number }): Turns {
  const small: (() => void)[] = [];
  const large: (() => void)[] = [];
  /** When this turn's first request began. */
  let began: number | undefined;
  let isDraining = false;

  function drain(): void {
    const next = [...small.splice(0, smallInTurn), ...large.splice(0, 1)];
    isDraining = small.length + large.length > 0;
    if (isDraining) setImmediate(drain);
    for (const begin of next) begin();
  }

  return {
    wait(bytes) {
      if (!isDraining) {
        if (began === undefined) {
          began = performance.now();
          setImmediate(() => {
            began = undefined;
          });
          return undefined;
        }
        if (performance.now() - began < turnMs) return undefined;
        isDraining = true;
        setImmediate(drain);
      }
      return new Promise((resolve) => void (bytes <= smallBytes ? small : large).push(resolve));
    },
  };
}
