const passing = ["GROUP_LOAD_IN_PROGRESS", "GROUP_COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR_FOR_GROUP"];

/** What kafkajs ends a join with when the connection broke under it; what it has tried for as long as its patience lasts has another name. */
const broken = ["KafkaJSConnectionClosedError", "KafkaJSConnectionError", "KafkaJSRequestTimeoutError"];

/**
 * Whether kafkajs ended a consumer only because it could not join just then: a broker that has just started loads its groups first, or one went away while it
 * joined. kafkajs does not retry a join, so it must be let to start the consumer again.
 */
export async function mayJoinAgain(error: unknown): Promise<boolean> {
  if (error instanceof Error && broken.includes(error.name)) return true;
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("type" in e && typeof e.type === "string" && passing.includes(e.type)) return true;
  }
  return false;
}

/** What is asked of kafkajs's class that keeps the offsets of a member. */
type Offsets = {
  readonly groupId: string;
  readonly cluster: { findGroupCoordinator(of: { readonly groupId: string }): Promise<unknown> };
  coordinator: unknown;
  commitOffsets(offsets?: object): Promise<void>;
};
type OffsetsClass = { readonly prototype: Offsets };

/**
 * kafkajs commits to the broker that coordinated the group when the member joined. When the group moves and comes back with its members, which a heartbeat finds in
 * order, each commit from then on is refused by the old broker, until the member joins again for another reason. So the coordinator is looked up anew, for the next commit.
 */
export function followCoordinator<C extends OffsetsClass>(original: C): C {
  const { commitOffsets } = original.prototype;
  original.prototype.commitOffsets = async function (this: Offsets, offsets) {
    try {
      await commitOffsets.call(this, offsets);
    } catch (error) {
      if (error instanceof Error && "type" in error && error.type === "NOT_COORDINATOR_FOR_GROUP") {
        this.coordinator = await this.cluster.findGroupCoordinator({ groupId: this.groupId });
      }
      throw error;
    }
  };
  return original;
}
