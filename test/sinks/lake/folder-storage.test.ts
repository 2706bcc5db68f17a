import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createFolderStorage } from "../../../sinks/lake/folder-storage.ts";
import { fileName, folderOf, stagedEpoch, stagedPath, stagingFolder } from "../../../sinks/lake/paths.ts";

const dir = mkdtempSync(join(tmpdir(), "hailstream-folder-"));
afterAll(() => rmSync(dir, { recursive: true }));
const path = `${folderOf("app.ping", "2015-01-31", 7)}/${fileName("pings", 3, 12n, 4n)}`;

test("paths are partitions that Hive's rule reads, and a staged file tells its epoch and is no .parquet", () => {
  expect(path).toBe("type=app.ping/date=2015-01-31/hour=07/pings.3.0000000000000000012.4.parquet");
  expect(stagedPath(path)).not.toMatch(/\.parquet$/);
  expect(stagedEpoch(stagedPath(path), "pings", 3)).toBe(4n);
  expect(stagedEpoch(stagedPath(path), "pings", 33)).toBeUndefined();
  expect(stagedEpoch(stagedPath(path), "ping", 3)).toBeUndefined();
  expect(stagedEpoch(path, "pings", 3)).toBeUndefined();
});

test("a file is staged, listed, moved in one step, and moved again without harm", async () => {
  const storage = createFolderStorage(join(dir, "lake"));
  await storage.check();
  expect(await storage.list(stagingFolder)).toEqual([]);
  await storage.put(stagedPath(path), Buffer.from("first"));
  await storage.put(stagedPath(path), Buffer.from("again"));
  expect(await storage.list(stagingFolder)).toEqual([stagedPath(path)]);
  await storage.move(stagedPath(path), path);
  await storage.move(stagedPath(path), path);
  expect(readFileSync(join(dir, "lake", path), "utf8")).toBe("again");
  expect(await storage.list(stagingFolder)).toEqual([]);
  await storage.remove(stagedPath(path));
  await expect(storage.move(stagedPath("other"), "other")).rejects.toMatchObject({ code: "lake_file_missing" });
  expect(existsSync(join(dir, "lake", "other"))).toBe(false);
});

test("a place that cannot be a folder is refused with the reason", async () => {
  const file = join(dir, "file");
  writeFileSync(file, "");
  chmodSync(file, 0o600);
  await expect(createFolderStorage(join(file, "lake")).check()).rejects.toMatchObject({
    ...{ code: "lake_storage_refused", fields: { storage: join(file, "lake") } },
  });
});
