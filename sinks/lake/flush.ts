import { advance, type Database, type PartitionClaim } from "../../store/index.ts";
import { insertDeadLetters } from "../dead-letters.ts";
import type { Gathered } from "./gathered.ts";
import { type FileOwner, insertFiles, type LakeFile, markPublished, unpublishedFiles } from "./manifest.ts";
import { parquetFile } from "./parquet-file.ts";
import { fileName, folderOf, stagedEpoch, stagedPath, stagingFolder } from "./paths.ts";
import type { LakeStorage } from "./storage.ts";

/** Thrown inside the transaction to roll it back: another worker has claimed the partition. */
class Fenced extends Error {}

type BuiltFile = LakeFile & { readonly content: Buffer };

export type Flushed = { readonly outcome: "stored" | "fenced"; readonly files: readonly LakeFile[] };

/**
 * Makes what was gathered part of the lake, each record once, in three steps:
 *
 * 1. the files are staged, where no reader looks;
 * 2. one transaction moves the checkpoint, under the epoch of the claim, and names the files in `lake.files`: from here on they are part
 *    of the lake. It waits for the disk, since a file that is published cannot be taken back with it;
 * 3. each file is moved to its path, which is one step for a reader, and marked as published.
 *
 * A crash between 1 and 2 leaves files that nobody reads, one between 2 and 3 files that wait: {@link recover} sees to both.
 */
export async function flush(
  parts: { readonly db: Database; readonly storage: LakeStorage },
  owner: FileOwner,
  claim: PartitionClaim,
  gathered: Gathered,
): Promise<Flushed> {
  const { db, storage } = parts;
  const files = build(owner, claim, gathered);
  for (const { path, content } of files) await storage.put(stagedPath(path), content);
  try {
    await db.transaction(
      async (tx) => {
        const step = { ...owner, epoch: claim.epoch, expected: gathered.first, next: gathered.next };
        if (!(await advance(tx, step))) throw new Fenced();
        await insertDeadLetters(tx, owner, gathered.rejections);
        await insertFiles(tx, owner, { first: gathered.first, next: gathered.next }, files);
      },
      { synchronousCommit: true },
    );
  } catch (error) {
    if (!(error instanceof Fenced)) throw error;
    for (const { path } of files) await storage.remove(stagedPath(path));
    return { outcome: "fenced", files: [] };
  }
  await publish(
    parts,
    files.map(({ path }) => path),
  );
  return { outcome: "stored", files };
}

/**
 * For a partition that was just claimed: publishes what the former owner made part of the lake, and removes what it staged in vain. The
 * former owner may do the same at the same time.
 */
export async function recover(
  parts: { readonly db: Database; readonly storage: LakeStorage },
  owner: FileOwner,
  epoch: bigint,
): Promise<void> {
  const { storage, db } = parts;
  await publish(parts, await unpublishedFiles(db, owner));
  for (const path of await storage.list(stagingFolder)) {
    const staged = stagedEpoch(path, owner.topic, owner.partition);
    if (staged !== undefined && staged < epoch) await storage.remove(path);
  }
}

async function publish(
  { db, storage }: { readonly db: Database; readonly storage: LakeStorage },
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) await storage.move(stagedPath(path), path);
  await markPublished(db, paths);
}

function build({ topic, partition }: FileOwner, claim: PartitionClaim, gathered: Gathered): BuiltFile[] {
  const name = fileName(topic, partition, gathered.first, claim.epoch);
  return [...gathered.files.values()].map(({ type, date, hour, rows }) => {
    const content = parquetFile(rows, {
      ...{ "hailstream.type": type, "hailstream.topic": topic, "hailstream.partition": String(partition) },
      ...{ "hailstream.first_offset": String(gathered.first), "hailstream.next_offset": String(gathered.next) },
    });
    const path = `${folderOf(type, date, hour)}/${name}`;
    return { path, eventType: type, date, hour, rows: rows.rows, bytes: content.length, content };
  });
}
