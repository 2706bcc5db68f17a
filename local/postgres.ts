import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PipelineError } from "../runtime/index.ts";
import { postgresPrograms } from "./artefacts.ts";
import { type ChildService, createChildService } from "./child-process.ts";
import type { PartContext } from "./part.ts";
import { requireFreePort } from "./ports.ts";
import { prepareCluster } from "./postgres-cluster.ts";
import { identityOf } from "./process-identity.ts";
import type { Secrets } from "./secrets.ts";
import type { Unprivileged } from "./unprivileged.ts";

/** The addresses of one Postgres for the three roles, with passwords. */
export type PostgresUrls = { readonly owner: string; readonly sink: string; readonly analyst: string };

export function postgresUrls(port: number, passwords: Secrets["postgres"], database = "hailstream"): PostgresUrls {
  const url = (role: string, password: string) => `postgres://${role}:${password}@127.0.0.1:${port}/${database}`;
  return {
    owner: url("hailstream", passwords.owner),
    sink: url("sink", passwords.sink),
    analyst: url("analyst", passwords.analyst),
  };
}

/**
 * Postgres 18 on 127.0.0.1, ready when it takes connections. The first start makes the cluster, the roles and the databases;
 * `<dataDir>/postgres` survives a restart and a kill, since nothing about durability is switched off.
 */
export function createPostgres(context: PartContext, user: Unprivileged): ChildService {
  const { dataDir, ports } = context;
  const cluster = join(dataDir, "postgres");
  const programs = postgresPrograms();
  const [command = "", ...args] = [
    ...user.prefix,
    join(programs, "postgres"),
    "-D",
    cluster,
    ...settings(ports.postgres),
  ];
  return createChildService(
    {
      name: "Postgres",
      command,
      args,
      env: { ...context.env, TZ: "UTC" },
      logFile: join(dataDir, "logs", "postgres.log"),
      pidFile: join(dataDir, "run", "postgres.pid"),
      // A fast shutdown: rolls back what runs, does not wait for clients to leave.
      stopSignal: "SIGINT",
      maxFailedRestarts: 8,
      async beforeStart() {
        await requireFreePort("Postgres", ports.postgres);
        await prepareCluster({ ...context, programs, cluster, user });
        clearStaleLock(context, cluster);
      },
      isReady: ({ pid }) => {
        const lines = lockLines(cluster);
        return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
      },
      explain,
    },
    context.log,
    context.abort,
  );
}

/** The lines of postmaster.pid: the first is the process, the fourth the port, the eighth the state (as pg_ctl reads it). */
function lockLines(cluster: string): string[] {
  try {
    return readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Postgres itself sees that a lock is stale unless its number belongs to another process by now; then we do. */
function clearStaleLock({ log }: PartContext, cluster: string): void {
  const file = join(cluster, "postmaster.pid");
  if (!existsSync(file)) return;
  const pid = Number(lockLines(cluster)[0]);
  if (identityOf(pid) !== undefined && commandLine(pid).includes(cluster)) {
    const message = `Another Postgres (process ${pid}) uses the data directory`;
    throw new PipelineError("local_data_in_use", { message, fields: { path: cluster } });
  }
  log.warn({ part: "Postgres", pid }, "Postgres was not stopped properly the last time; it recovers from its log");
  rmSync(file, { force: true });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function explain(written: string): PipelineError | undefined {
  if (/No space left on device/.test(written)) {
    return new PipelineError("local_disk_full", { fields: { part: "Postgres" } });
  }
  if (/could not bind|Address already in use/.test(written)) {
    return new PipelineError("port_taken", { fields: { part: "Postgres", option: "--port-base" } });
  }
  return undefined;
}

function settings(port: number): string[] {
  const values = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // Connections come by TCP; the path of a socket file may be longer than the system allows.
    unix_socket_directories: "",
    max_connections: "100",
    shared_buffers: "512MB",
    effective_cache_size: "1GB",
    work_mem: "16MB",
    maintenance_work_mem: "128MB",
    // One node without replicas: the log serves recovery only.
    wal_level: "minimal",
    max_wal_senders: "0",
    wal_compression: "on",
    max_wal_size: "2GB",
    random_page_cost: "1.1",
    timezone: "UTC",
    log_timezone: "UTC",
  };
  return Object.entries(values).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}
