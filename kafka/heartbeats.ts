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
