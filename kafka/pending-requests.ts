/** What is asked of kafkajs's class of requests to one broker. */
type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };
type QueueClass = { readonly prototype: RequestQueue };

/**
 * kafkajs looks after requests that wait for their turn by a timer, which it sets again behind each look, also while none waits; then the time of the timer lies far in
 * the past. Node makes a millisecond of that and tells of it at every start, and each connection wakes its process a thousand times a second for as long as it is
 * open. So the timer is set only while a request waits; each that has to wait asks for it by itself.
 */
export function checkWhileRequestsWait<C extends QueueClass>(original: C): C {
  const { scheduleCheckPendingRequests } = original.prototype;
  original.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
  return original;
}
