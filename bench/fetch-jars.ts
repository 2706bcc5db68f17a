import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDirFrom } from "../local/index.ts";
import { capture } from "./processes.ts";

/**
 * Fetches what a pom.xml depends on into the cache by Maven, unless it is there already, and gives the class path.
 * @param pomFolder where the pom.xml lies
 * @param into the folder below the cache
 * @param witness a file that is there when the right versions are
 */
export async function fetchJars(pomFolder: string, into: string, witness: string): Promise<string> {
  const libraries = join(cacheDirFrom(process.env), into);
  if (!existsSync(join(libraries, witness))) {
    mkdirSync(libraries, { recursive: true });
    const goal = ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${libraries}`];
    await capture("mvn", goal, { cwd: pomFolder });
  }
  return join(libraries, "*");
}
