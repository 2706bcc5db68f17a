import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Called by vitest once for all files of the project: they have a temporary directory of their own, and whoever leaves something behind in it fails the run. */
export function setup(): () => void {
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), "hailstream-unit-"));
  // Workers are started later, and take it over.
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    // What is thrown here is written down and forgotten.
    process.exitCode = 1;
    process.stderr.write(`Tests left behind in the temporary directory: ${left.join(", ")}\n`);
  };
}
