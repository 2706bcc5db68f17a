import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PipelineError } from "../runtime/index.ts";
import type { PartContext } from "./part.ts";
import type { Secrets } from "./secrets.ts";
import type { Unprivileged } from "./unprivileged.ts";

type ClusterContext = PartContext & {
  readonly programs: string;
  readonly cluster: string;
  readonly user: Unprivileged;
};

/** Which passwords the roles of a cluster have, as a hash. */
const passwordMark = "hailstream-passwords.sha256";

/**
 * Makes the cluster when there is none, with roles and databases; a first start that was cut short leaves nothing behind.
 * When the secrets file is another than the cluster's (it was deleted), the roles get the new passwords.
 */
export async function prepareCluster(context: ClusterContext): Promise<void> {
  const { cluster, secrets } = context;
  const mark = createHash("sha256").update(JSON.stringify(secrets.postgres)).digest("hex");
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    const fresh = `${cluster}.new`;
    rmSync(fresh, { recursive: true, force: true });
    await initialise(context, fresh);
    await runSingle(context, fresh, firstStatements(secrets.postgres));
    writeFileSync(join(fresh, passwordMark), mark, { mode: 0o600 });
    renameSync(fresh, cluster);
    return;
  }
  const markFile = join(cluster, passwordMark);
  if (existsSync(markFile) && readFileSync(markFile, "utf8") === mark) return;
  await runSingle(context, cluster, passwordStatements(secrets.postgres));
  writeFileSync(markFile, mark, { mode: 0o600 });
}

async function initialise({ programs, secrets, user, dataDir, env }: ClusterContext, target: string): Promise<void> {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const passwordFile = join(dataDir, ".postgres-password");
  writeFileSync(passwordFile, secrets.postgres.superuser, { mode: 0o600 });
  if (user.owner !== undefined) {
    chownSync(target, user.owner.uid, user.owner.gid);
    chownSync(passwordFile, user.owner.uid, user.owner.gid);
  }
  // The built-in locale sorts alike on every system and in every later version.
  const [command = "", ...args] = [
    ...user.prefix,
    join(programs, "initdb"),
    ...["--pgdata", target, "--username", "postgres", "--pwfile", passwordFile, "--auth", "scram-sha-256"],
    ...["--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"],
    "--no-instructions",
  ];
  try {
    await promisify(execFile)(command, args, { env: { ...env, TZ: "UTC" } });
  } catch (cause) {
    const full = cause instanceof Error && cause.message.includes("No space left on device");
    const code = full ? "local_disk_full" : "local_start_failed";
    throw new PipelineError(code, { message: "Postgres could not make its data directory", cause });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Runs statements, one a line, in a server that has no other user; the cluster must not be running. */
async function runSingle(context: ClusterContext, target: string, statements: readonly string[]): Promise<void> {
  const { programs, user, env } = context;
  const [command = "", ...args] = [
    ...user.prefix,
    join(programs, "postgres"),
    "--single",
    "-j",
    "-D",
    target,
    "postgres",
  ];
  const child = spawn(command, args, { env: { ...env, TZ: "UTC" }, stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  // With -j a statement ends at a semicolon followed by an empty line.
  child.stdin.end(statements.map((statement) => `${statement};\n\n`).join(""));
  const code = await new Promise((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  if (code !== 0 || /(ERROR|FATAL|PANIC):/.test(errors)) {
    const message = `Postgres could not make its roles and databases: ${errors.trim()}`;
    throw new PipelineError("local_start_failed", { message });
  }
}

const roles = { owner: "hailstream", sink: "sink", analyst: "analyst", apicurio: "apicurio" } as const;

// Passwords are hexadecimal, made by us: they need no quoting.
function firstStatements(passwords: Secrets["postgres"]): string[] {
  return [
    // May create databases: tests and trials work on copies.
    `create role ${roles.owner} login createdb password '${passwords.owner}'`,
    `create role ${roles.sink} login password '${passwords.sink}'`,
    `create role ${roles.analyst} login password '${passwords.analyst}'`,
    // A slow question must not hurt the loading, and an analyst's session cannot write even by mistake.
    `alter role ${roles.analyst} set statement_timeout = '60s'`,
    `alter role ${roles.analyst} set default_transaction_read_only = on`,
    `create role ${roles.apicurio} login password '${passwords.apicurio}'`,
    `create database hailstream owner ${roles.owner}`,
    `create database apicurio owner ${roles.apicurio}`,
    "revoke connect on database apicurio from public",
    `grant connect on database apicurio to ${roles.apicurio}`,
  ];
}

function passwordStatements(passwords: Secrets["postgres"]): string[] {
  return [
    `alter role postgres password '${passwords.superuser}'`,
    ...(["owner", "sink", "analyst", "apicurio"] as const).map(
      (part) => `alter role ${roles[part]} password '${passwords[part]}'`,
    ),
  ];
}
