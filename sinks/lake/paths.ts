/** Where files wait until their row of `lake.files` is committed. Their names do not end with `.parquet`, so no reader's pattern finds them. */
export const stagingFolder = "_staging";
const stagedEnding = ".staged";

export const stagedPath = (path: string): string => `${stagingFolder}/${path}${stagedEnding}`;

/** The path of a file without its last part, as Hive, DuckDB and Spark read partitions from it: type, UTC date and hour. */
export const folderOf = (type: string, date: string, hour: number): string =>
  `type=${type}/date=${date}/hour=${String(hour).padStart(2, "0")}`;

/** Never the same twice: an owner flushes each offset once, and another owner has another epoch. */
export function fileName(topic: string, partition: number, first: bigint, epoch: bigint): string {
  return `${topic}.${partition}.${String(first).padStart(19, "0")}.${epoch}.parquet`;
}

/** The epoch under which a file was staged for a partition; undefined when it is another partition's. */
export function stagedEpoch(staged: string, topic: string, partition: number): bigint | undefined {
  const name = staged.slice(staged.lastIndexOf("/") + 1);
  const start = `${topic}.${partition}.`;
  if (!name.startsWith(start) || !name.endsWith(`.parquet${stagedEnding}`)) return undefined;
  const [, epoch] = /^\d{19}\.(\d+)\.parquet/.exec(name.slice(start.length)) ?? [];
  return epoch === undefined ? undefined : BigInt(epoch);
}
