/**
 * The records of one topic by partition, each list in the given order. kafkajs's own copies the list for every record.
 */
export function groupByPartition<M>(args: {
  topic: string;
  partitionMetadata: readonly unknown[];
  messages: readonly M[];
  partitioner(args: { topic: string; partitionMetadata: readonly unknown[]; message: M }): number;
}): Record<number, M[]> {
  const { topic, partitionMetadata, messages, partitioner } = args;
  const groups: Record<number, M[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group === undefined) groups[partition] = [message];
    else group.push(message);
  }
  return groups;
}
