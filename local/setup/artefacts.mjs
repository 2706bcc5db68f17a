import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { withLock } from "./lock.mjs";
import { findProgram } from "./machine.mjs";
import { root } from "./packages.mjs";
import { createBar } from "./progress-bar.mjs";
import { run, SetupError, say } from "./words.mjs";

const pinned = JSON.parse(readFileSync(join(root, "local", "artefacts.json"), "utf8"));
const howToGetMaven = "Debian: apt-get install maven, macOS: brew install maven";

/** The same rule as cacheDirFrom in local/artefacts.ts. */
const cacheDir =
  process.env.HAILSTREAM_CACHE_DIR ??
  join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? homedir(), ".cache"), "hailstream");

const complete = () => [pinned.kafka, pinned.registry].every(({ folder }) => existsSync(join(cacheDir, folder)));

/**
 * Kafka and the registry in the cache, which all checkouts share. What stands there under its final name was verified and
 * is whole; a fetch that was cut short goes on with the files that are missing, since Maven keeps every file that it has. (Within one file only
 * a Maven whose transport can resume goes on; that of 3.8 begins the file again.)
 */
export async function ensureArtefacts() {
  if (complete()) return;
  mkdirSync(cacheDir, { recursive: true });
  await withLock(join(cacheDir, "lock"), async () => {
    if (complete()) return;
    const staging = join(cacheDir, "staging");
    rmSync(staging, { recursive: true, force: true });
    await fetchByMaven(staging);
    await verify(join(staging, "kafka"), pinned.kafka.files);
    await verify(join(staging, "registry"), pinned.registry.files);
    await place(staging);
    say(`Kafka ${pinned.kafka.version} and the schema registry ${pinned.registry.version} are in ${cacheDir}.`);
  });
}

async function fetchByMaven(staging) {
  const maven = findProgram("mvn");
  if (maven === undefined)
    throw new SetupError(`Maven is missing; it fetches Kafka and the schema registry. ${howToGetMaven}.`);
  const files = { ...pinned.kafka.files, ...pinned.registry.files };
  const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  const bar = createBar("fetching Kafka and the schema registry", total, () => partialBytes(files));
  const errors = [];
  const args = ["-B", "-C", "-f", join(root, "local", "pom.xml"), `-Dstaging=${staging}`, "generate-resources"];
  const code = await run(maven, args, {
    onLine(line) {
      if (line.startsWith("[ERROR]")) errors.push(line);
      const name = /^(?:\[INFO\] )?(?:Downloaded from [^ ]+ \S*\/|Copying )([^/ ]+)/.exec(line)?.[1];
      if (name !== undefined && files[name] !== undefined) bar.finished(name, files[name].bytes);
    },
  });
  bar.stop();
  if (code === 0) return;
  const why = errors.slice(0, 3).join("\n");
  throw new SetupError(
    `Maven could not fetch Kafka and the schema registry; check the network (a proxy or mirror belongs into ~/.m2/settings.xml) and run again: what has arrived is kept.\n${why}`,
  );
}

/** How far Maven is with the one large file, as far as its usual place shows it. */
function partialBytes(files) {
  const [name] = Object.keys(files).filter((file) => file.endsWith(".tar.gz"));
  const folder = join(
    homedir(),
    ".m2",
    "repository",
    "io",
    "apicurio",
    "apicurio-registry-app",
    pinned.registry.version,
  );
  try {
    const partial = readdirSync(folder).find((file) => file.startsWith(name) && /\.(part|tmp)$/.test(file));
    return partial === undefined ? 0 : statSync(join(folder, partial)).size;
  } catch {
    return 0;
  }
}

/** Every pinned file, unchanged, and no other. */
async function verify(folder, files) {
  for (const name of readdirSync(folder)) {
    if (files[name] === undefined)
      throw new SetupError(`Maven brought ${name}, which local/artefacts.json does not know.`);
  }
  for (const [name, { sha256 }] of Object.entries(files)) {
    const path = join(folder, name);
    if (!existsSync(path)) throw new SetupError(`Maven did not bring ${name}.`);
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    if (hash.digest("hex") === sha256) continue;
    throw new SetupError(
      `${name} is not the file that local/artefacts.json pins; remove it below ~/.m2/repository and run again.`,
    );
  }
}

/** Gives each part its final name only when it is whole. */
async function place(staging) {
  const [archive] = Object.keys(pinned.registry.files);
  const unpacked = join(staging, "unpacked");
  mkdirSync(unpacked);
  const code = await run("tar", ["-xzf", join(staging, "registry", archive), "-C", unpacked]);
  if (code !== 0)
    throw new SetupError(`${archive} could not be unpacked; is tar installed, and is there room on the disk?`);
  for (const [from, { folder }] of [
    [unpacked, pinned.registry],
    [join(staging, "kafka"), pinned.kafka],
  ]) {
    rmSync(join(cacheDir, folder), { recursive: true, force: true });
    renameSync(from, join(cacheDir, folder));
  }
  rmSync(staging, { recursive: true, force: true });
}
