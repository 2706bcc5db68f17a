import { resolve } from "node:path";
import { cacheDirFrom, cacheOptions, localOptions, type Ports, portsFrom } from "../local/index.ts";
import { flagOf, type OptionSet, type OptionSource, readOptions, variableOf } from "../runtime/options.ts";

/** Where the stack of a command is. */
export type StackPlace = {
  /** Absolute. */
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly ports: Ports;
};

/** @throws PipelineError option_invalid */
export function stackPlaceFrom(source: OptionSource): StackPlace {
  const { dataDir, portBase } = readOptions(localOptions, source);
  const { dir } = readOptions(cacheOptions, source);
  return {
    dataDir: resolve(dataDir),
    cacheDir: resolve(dir ?? cacheDirFrom(source.env ?? {})),
    ports: portsFrom(portBase),
  };
}

/** The environment in which every flag that was given stands as its variable, so that a child process sees the same options. */
export function environmentWith(
  source: OptionSource,
  sets: readonly OptionSet[],
): Readonly<Record<string, string | undefined>> {
  const env: Record<string, string | undefined> = { ...source.env };
  for (const set of sets) {
    for (const key of Object.keys(set.specs)) {
      const flag = source.flags?.[flagOf(set, key).slice(2)];
      if (flag !== undefined) env[variableOf(set, key)] = String(flag);
    }
  }
  return env;
}
