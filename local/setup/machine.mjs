import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./packages.mjs";
import { run, SetupError } from "./words.mjs";

export function requireNode() {
  const [major] = process.versions.node.split(".");
  if (Number(major) >= 20) return;
  throw new SetupError(
    `Node.js 20 or newer is needed, this is ${process.version}. Get it from your package manager or nvm.`,
  );
}

const howToGetJava = "Debian: apt-get install openjdk-17-jre-headless, macOS: brew install openjdk; or set JAVA_HOME";

/** Asking Java for its version takes long, so the answer is kept together with the program that gave it. */
export async function requireJava() {
  const program = findProgram("java", process.env.JAVA_HOME && join(process.env.JAVA_HOME, "bin"));
  if (program === undefined) throw new SetupError(`Java 17 or newer is missing; Kafka needs it. ${howToGetJava}.`);
  const marker = join(root, "node_modules", ".hailstream-java");
  if (existsSync(marker) && readFileSync(marker, "utf8") === program) return;
  let version = 0;
  await run(program, ["-version"], {
    onLine: (line) => {
      version ||= Number(/version "(?:1\.)?(\d+)/.exec(line)?.[1] ?? 0);
    },
  });
  if (version < 17)
    throw new SetupError(`Java 17 or newer is needed, ${program} is ${version || "unknown"}. ${howToGetJava}.`);
  writeFileSync(marker, program);
}

/** The real path of a program in `first` or on PATH. */
export function findProgram(name, first) {
  const folders = first ? [first] : (process.env.PATH ?? "").split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : realpathSync(path);
}
