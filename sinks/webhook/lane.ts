import { TokenBucket } from "limiter";

export type LaneParts<T> = {
  /** Attempts under way at the same time. */
  readonly concurrency: number;
  /** Gets up to so many that are due. */
  take(limit: number): Promise<readonly T[]>;
  /** Sends one and never throws; gives whether another one waited for its end. */
  send(taken: T): Promise<boolean>;
  /** Something that `take` threw. */
  failed(error: unknown): void;
};

/**
 * The queue of one endpoint in this process: takes what is due and sends it, so many at a time and so many a second. It asks for
 * more only by itself and when it is told to, and no lane ever waits for another.
 */
export type Lane = {
  /** Says how many messages a second may be sent; nothing is before that is known. */
  pace(perSecond: number): void;
  /** Says that something is due. */
  visit(): void;
  /** Takes nothing more; resolves when what is under way has ended. */
  close(): Promise<void>;
};

export function createLane<T>({ concurrency, take, send, failed }: LaneParts<T>): Lane {
  const underWay = new Set<Promise<void>>();
  let bucket: TokenBucket | undefined;
  let taking: Promise<void> | undefined;
  let again = false;
  let closed = false;
  /** Whether the last take left something behind. */
  let more = false;
  let timer: NodeJS.Timeout | undefined;

  function pace(perSecond: number): void {
    if (bucket?.tokensPerInterval !== perSecond) bucket = bucketOf(perSecond);
  }

  function go(): void {
    if (closed) return;
    again = true;
    taking ??= takeAll()
      .catch(failed)
      .finally(() => {
        taking = undefined;
        if (again) go();
      });
  }

  async function takeAll(): Promise<void> {
    while (again && !closed) {
      again = false;
      const limit = mayTake();
      if (limit === 0) {
        // An end of an attempt, or the next token, goes on.
        more = true;
        return;
      }
      const taken = await take(limit);
      more = taken.length === limit;
      if (taken.length > 0) bucket?.tryRemoveTokens(taken.length);
      for (const one of taken) begin(one);
      again ||= more;
    }
  }

  /** How many may be begun now; when only the rate stands against it, it is looked at again in time. */
  function mayTake(): number {
    const free = concurrency - underWay.size;
    if (free <= 0 || bucket === undefined) return 0;
    bucket.drip();
    const tokens = Math.floor(bucket.content);
    if (tokens === 0 && timer === undefined) {
      timer = setTimeout(() => {
        timer = undefined;
        go();
      }, bucket.getWaitTime(1));
    }
    return Math.min(free, tokens);
  }

  function begin(taken: T): void {
    const sending = send(taken).then((waited) => {
      underWay.delete(sending);
      if (more || waited) go();
    });
    underWay.add(sending);
  }

  return {
    pace,
    visit: go,
    async close() {
      closed = true;
      clearTimeout(timer);
      await taking;
      await Promise.all(underWay);
    },
  };
}

/** Full at the start; holds what may be sent in a second, and at least one. */
function bucketOf(perSecond: number): TokenBucket {
  const size = Math.max(1, perSecond);
  const bucket = new TokenBucket({ bucketSize: size, tokensPerInterval: perSecond, interval: 1_000 });
  bucket.content = size;
  return bucket;
}
