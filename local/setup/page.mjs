import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { nodeProgram, root } from "./packages.mjs";
import { run, SetupError, say } from "./words.mjs";

const folder = join(root, "console");
const marker = join(folder, "dist", ".built-from");

/** The console's page, built anew when a file that it is made of, or the lock file with its tools, has changed. */
export async function ensurePage() {
  const wanted = fingerprint();
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  // An image has the page and not what it is built with.
  if (!existsSync(vite)) return;
  await withLock(join(root, "node_modules", ".hailstream-page-lock"), () => build(vite, wanted));
}

async function build(vite, wanted) {
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  say("building the console's page …");
  const lines = [];
  const args = [vite, "build", "--config", join(folder, "vite.config.ts")];
  const code = await run(nodeProgram, args, { cwd: root, onLine: (line) => lines.push(line) });
  if (code !== 0) throw new SetupError(`the console's page could not be built.\n${lines.slice(-20).join("\n")}`);
  writeFileSync(marker, wanted);
}

function fingerprint() {
  const hash = createHash("sha256");
  // The page takes shapes from the folders of the data beside it.
  const sources = filesOf(folder).filter((file) => !file.startsWith(join(folder, "dist")));
  for (const file of [...sources, join(root, "package-lock.json")]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesOf(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => (entry.isDirectory() ? filesOf(join(path, entry.name)) : [join(path, entry.name)]));
}
