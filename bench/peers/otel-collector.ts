import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheDirFrom } from "../../local/index.ts";
import { capture } from "../processes.ts";

const recipe = join(import.meta.dirname, "otel-collector");

/**
 * Builds the collector from its recipe into the cache, unless it is there already, and gives its path.
 * @throws with what to install when Go is missing.
 */
export async function buildOtelCollector(): Promise<string> {
  const target = join(cacheDirFrom(process.env), "peers", "otel-collector", "peer");
  const isFresh = existsSync(target) && statSync(target).mtimeMs >= statSync(join(recipe, "go.mod")).mtimeMs;
  if (isFresh) return target;
  mkdirSync(join(target, ".."), { recursive: true });
  await capture("go", ["build", "-o", target, "."], { cwd: recipe }).catch((cause: unknown) => {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw isMissing
      ? new Error("the peer of this bench, the OpenTelemetry Collector, is built by Go: install Go 1.25 or newer", {
          cause,
        })
      : cause;
  });
  return target;
}

/** The recipe's configuration with our port and broker. */
export function collectorConfig(port: number, broker: string): string {
  return readFileSync(join(recipe, "collector.yaml"), "utf8")
    .replace("127.0.0.1:14318", `127.0.0.1:${port}`)
    .replace("127.0.0.1:19092", broker);
}
