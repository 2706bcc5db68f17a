const passing = ["GROUP_LOAD_IN_PROGRESS", "GROUP_COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR_FOR_GROUP"];

/**
 * Whether kafkajs ended a consumer only because the group's coordinator is not ready: a broker that has just started loads
 * its groups first. kafkajs does not retry a join, so it must be let to start the consumer again.
 */
export async function isCoordinatorNotReady(error: unknown): Promise<boolean> {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("type" in e && typeof e.type === "string" && passing.includes(e.type)) return true;
  }
  return false;
}
