import { dirname, join } from "node:path";
import { PipelineError } from "../runtime/index.ts";
import { javaFrom, registryJar } from "./artefacts.ts";
import { type ChildService, createChildService } from "./child-process.ts";
import type { PartContext } from "./part.ts";
import { requireFreePort } from "./ports.ts";

/** Where the registry keeps the schemas. */
export type RegistryStorage = { readonly jdbcUrl: string; readonly username: string; readonly password: string };

/** The address of the Confluent API, which the clients use. */
export const registryUrl = (port: number) => `http://127.0.0.1:${port}/apis/ccompat/v7`;

/** Apicurio Registry on 127.0.0.1, ready when its Confluent API answers. It keeps nothing itself: the schemas are in Postgres. */
export function createRegistry(context: PartContext, storage: RegistryStorage): ChildService {
  const { dataDir, ports, env } = context;
  const jar = registryJar(context.cacheDir);
  return createChildService(
    {
      name: "the schema registry",
      command: javaFrom(env),
      // It answers a few dozen requests at each start of a station, so it is tuned for a quick start and little memory.
      args: [
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        '-Dquarkus.log.category."io.apicurio".level=WARN',
        "-jar",
        jar,
      ],
      cwd: dirname(jar),
      env: {
        ...env,
        APICURIO_STORAGE_KIND: "sql",
        APICURIO_STORAGE_SQL_KIND: "postgresql",
        APICURIO_DATASOURCE_URL: storage.jdbcUrl,
        APICURIO_DATASOURCE_USERNAME: storage.username,
        APICURIO_DATASOURCE_PASSWORD: storage.password,
        APICURIO_DATASOURCE_JDBC_INITIAL__SIZE: "2",
        APICURIO_DATASOURCE_JDBC_MIN__SIZE: "2",
        APICURIO_DATASOURCE_JDBC_MAX__SIZE: "10",
        QUARKUS_HTTP_HOST: "127.0.0.1",
        QUARKUS_HTTP_PORT: String(ports.registry),
        QUARKUS_LOG_LEVEL: "WARN",
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: "false",
        QUARKUS_BANNER_ENABLED: "false",
      },
      logFile: join(dataDir, "logs", "registry.log"),
      pidFile: join(dataDir, "run", "registry.pid"),
      stopTimeoutMs: 5_000,
      maxFailedRestarts: 8,
      beforeStart: () => requireFreePort("the schema registry", ports.registry),
      isReady: () => answers(`${registryUrl(ports.registry)}/subjects`),
      explain: (written) =>
        /UnsupportedClassVersionError/.test(written) ? new PipelineError("local_java_unusable") : undefined,
    },
    context.log,
    context.abort,
  );
}

/** Whether a GET of `url` is answered with 2xx within a second. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
