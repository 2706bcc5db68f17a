import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { type Logger, PipelineError } from "../runtime/index.ts";
import { storeErrorOf } from "./store-error.ts";

const directory = fileURLToPath(new URL("migrations", import.meta.url));

/**
 * Brings the database at `url` (as its owner) to the newest version: runs the files of `store/migrations` that have not run yet,
 * in order and in one transaction. Several processes may call it at once: an advisory lock lets one run and the others wait.
 * @throws PipelineError store_unavailable, store_failed
 */
export async function migrate(url: string, log: Logger): Promise<void> {
  await withOwner(url, async (client) => {
    const done = await runner({
      dbClient: client,
      dir: directory,
      direction: "up",
      migrationsTable: "migrations",
      migrationsSchema: "pipeline",
      createMigrationsSchema: true,
      advisoryLockMode: "wait",
      checkOrder: false,
      log: () => undefined,
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (message) => log.warn(String(message)),
        error: (message) => log.error(String(message)),
      },
    });
    for (const { name } of done) log.info({ migration: name }, "database migrated");
  });
}

/** One statement list as the owner, under the lock of the migrations; for tables that are derived instead of written. */
export async function runAsOwner(
  url: string,
  work: (query: <R>(sql: string, params?: readonly unknown[]) => Promise<R[]>) => Promise<void>,
): Promise<void> {
  await withOwner(url, async (client) => {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(7241865325823964)");
    await work(async (sql, params = []) => (await client.query(sql, [...params])).rows as never[]);
    await client.query("commit");
  });
}

async function withOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "hailstream migrate",
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw error instanceof PipelineError ? error : storeErrorOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
