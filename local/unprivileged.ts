import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PipelineError } from "../runtime/index.ts";

const run = promisify(execFile);

/** How to run a program that refuses root: words in front of its command, and the owner its files need. */
export type Unprivileged = {
  readonly prefix: readonly string[];
  /** Set when the files must be given to another user first; otherwise they stay the caller's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
};

/** nobody and nogroup on every usual system; used only where user namespaces are not allowed. */
const nobody = { uid: 65_534, gid: 65_534 };

/**
 * Finds a way to run Postgres for the calling user. An ordinary user needs none. For root: a user namespace in which the
 * process is user 1000 while its files stay root's; where that is not allowed, the user nobody with the one capability
 * that lets it pass directories of root.
 * @throws PipelineError local_root_refused
 */
export async function findUnprivileged(): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];
  if (await works(namespace)) return { prefix: namespace };
  const ids = [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups"];
  const dropped = ["setpriv", ...ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  if (await works(dropped)) return { prefix: dropped, owner: nobody };
  throw new PipelineError("local_root_refused");
}

async function works([command, ...args]: readonly string[]): Promise<boolean> {
  if (command === undefined) return false;
  const result = await run(command, [...args, "true"]).catch(() => undefined);
  return result !== undefined;
}
