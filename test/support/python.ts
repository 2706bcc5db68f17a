import { createHash } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../../bench/processes.ts";
import { cacheDirFrom } from "../../local/index.ts";

/**
 * The program of a Python that has packages of its own, kept in the cache; pip fetches them at the first call. `undefined` where there is no Python 3
 * that makes environments: it is not among what a checkout needs.
 * @param packages what follows `pip install`
 * @throws when pip cannot install them
 */
export async function pythonWith(packages: readonly string[]): Promise<string | undefined> {
  const name = createHash("sha256").update(packages.join(" ")).digest("hex").slice(0, 12);
  const folder = join(cacheDirFrom(process.env), "test", `python-${name}`);
  const python = join(folder, "bin", "python3");
  const complete = join(folder, "complete");
  if (existsSync(complete)) return python;
  rmSync(folder, { recursive: true, force: true });
  try {
    await capture("python3", ["-m", "venv", folder]);
  } catch (error) {
    process.stderr.write(`What is in Python is not run: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
  await capture(python, ["-m", "pip", "install", "--quiet", ...packages]);
  writeFileSync(complete, "");
  return python;
}
