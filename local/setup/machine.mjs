import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./packages.mjs";
import { run, SetupError } from "./words.mjs";

const howToGetJava =
  "Debian: apt-get install openjdk-17-jre-headless, macOS: brew install openjdk; or set JAVA_HOME. Without Java, bring your own Kafka and registry: HAILSTREAM_KAFKA_BROKERS and HAILSTREAM_REGISTRY_URL";

/** Asking Java for its version takes long, so the answer is kept together with the program that gave it. */
export async function requireJava() {
  const home = process.env.JAVA_HOME;
  const program = findProgram("java", home && join(home, "bin"));
  if (program === undefined) {
    const where = home ? `JAVA_HOME is ${home}, and there is no bin/java in it` : "there is no java on PATH";
    throw new SetupError(`Java 17 or newer is missing (${where}); Kafka needs it. ${howToGetJava}.`);
  }
  const marker = join(root, "node_modules", ".hailstream-java");
  const seen = `${program} ${statSync(program).mtimeMs}`;
  if (existsSync(marker) && readFileSync(marker, "utf8") === seen) return;
  let version = 0;
  await run(program, ["-version"], {
    onLine: (line) => {
      version ||= Number(/version "(?:1\.)?(\d+)/.exec(line)?.[1] ?? 0);
    },
  });
  if (version < 17)
    throw new SetupError(`Java 17 or newer is needed, ${program} is ${version || "unknown"}. ${howToGetJava}.`);
  writeFileSync(marker, seen);
}

/** The real path of a program in `first` or on PATH. */
export function findProgram(name, first) {
  const folders = first ? [first] : (process.env.PATH ?? "").split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : realpathSync(path);
}
