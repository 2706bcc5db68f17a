import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSmallDisk } from "./small-disk.ts";

test("a small disk is full when it is told to be, takes something again when it is not, and leaves nothing behind", async ({
  skip,
}) => {
  const home = mkdtempSync(join(tmpdir(), "hailstream-disk-"));
  const path = join(home, "disk");
  const disk = await openSmallDisk(path, 1_048_576);
  if (disk === undefined) {
    rmSync(home, { recursive: true });
    return skip("mounting is not permitted here");
  }
  try {
    writeFileSync(join(path, "first"), Buffer.alloc(100_000));
    expect(await disk.fill()).toBeGreaterThanOrEqual(100_000);
    expect(() => writeFileSync(join(path, "second"), Buffer.alloc(8_192))).toThrow("ENOSPC");
    await disk.free();
    writeFileSync(join(path, "second"), Buffer.alloc(8_192));
  } finally {
    await disk.close(false);
  }
  expect(existsSync(join(path, "first"))).toBe(false);
  rmSync(home, { recursive: true });
});
