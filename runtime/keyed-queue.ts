/** Work of one key is done piece after piece, that of different keys at the same time. */
export type KeyedQueue<K> = {
  /** Resolves or rejects as `work` does, which begins when all former work of the key has ended, however it ended. */
  run<T>(key: K, work: () => Promise<T>): Promise<T>;
  /** Resolves when what was in the queue at the call has ended. */
  idle(): Promise<void>;
};

export function createKeyedQueue<K>(): KeyedQueue<K> {
  const lasts = new Map<K, Promise<void>>();
  return {
    run(key, work) {
      const done = (lasts.get(key) ?? Promise.resolve()).then(work);
      // The caller hears of a failure; whoever comes next only waits for the end.
      const ended: Promise<void> = done.then(forget, forget);
      function forget(): void {
        if (lasts.get(key) === ended) lasts.delete(key);
      }
      lasts.set(key, ended);
      return done;
    },
    async idle() {
      await Promise.all(lasts.values());
    },
  };
}
