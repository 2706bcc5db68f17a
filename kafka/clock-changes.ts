/** What is asked of kafkajs's class of group members. */
type Member = { lastRequest: number; heartbeat(options: { readonly interval: number }): Promise<void> };
type MemberClass = { readonly prototype: Member };

/**
 * kafkajs counts from heartbeat to heartbeat by the wall clock. When that is set back by minutes, a member says nothing for so long, and the group takes it for
 * dead, again after each join. A last heartbeat that lies in the future tells that the clock was set: then the next one is due.
 */
export function beatThroughClockChanges(original: MemberClass): MemberClass {
  const { heartbeat } = original.prototype;
  original.prototype.heartbeat = function (this: Member, options) {
    if (this.lastRequest > Date.now()) this.lastRequest = 0;
    return heartbeat.call(this, options);
  };
  return original;
}

/** What is asked of kafkajs's class of requests to one broker. */
type RequestQueue = {
  readonly enforceRequestTimeout: boolean;
  readonly requestTimeout: number;
  readonly inflight: ReadonlyMap<number, { readonly requestTimeout: number; timeoutRequest(): void }>;
  requestTimeoutIntervalId: NodeJS.Timeout;
  readonly isConnected: () => boolean;
  destroy(): void;
  scheduleRequestTimeoutCheck(): void;
};
type QueueClass = { readonly prototype: RequestQueue };

const longestCheckMs = 100;

/**
 * kafkajs gives a request up by the wall clock. When that is set ahead, all that are under way fail at once; when it is set back, those to a broker that is silent
 * wait for minutes more. So their time counts by the monotonic clock, from the first look at each of them.
 */
export function timeOutBySteadyClock(original: QueueClass): QueueClass {
  original.prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
    if (!this.enforceRequestTimeout) return;
    this.destroy();
    const since = new WeakMap<object, number>();
    const check = () => {
      const now = performance.now();
      for (const request of this.inflight.values()) {
        const seenAt = since.get(request);
        if (seenAt === undefined) since.set(request, now);
        else if (now - seenAt > request.requestTimeout) request.timeoutRequest();
      }
      if (!this.isConnected()) this.destroy();
    };
    this.requestTimeoutIntervalId = setInterval(check, Math.min(this.requestTimeout, longestCheckMs));
  };
  return original;
}
