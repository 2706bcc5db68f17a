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
