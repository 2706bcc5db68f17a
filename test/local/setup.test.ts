import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const setup = resolve(import.meta.dirname, "..", "..", "local", "setup.mjs");
let folder = "";
let programs = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hailstream-setup-"));
  programs = join(folder, "bin");
  mkdirSync(programs);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the set-up with no other programs than those of this test, and with nothing fetched yet. */
function runSetup(env: Readonly<Record<string, string>> = {}) {
  const clean = { HOME: folder, PATH: programs, HAILSTREAM_CACHE_DIR: join(folder, "cache"), ...env };
  const { status, stderr, stdout } = spawnSync(process.execPath, [setup], { env: clean, encoding: "utf8" });
  expect(stdout).toBe("");
  return { status, lines: stderr.trim().split("\n") };
}

function write(name: string, ...lines: readonly string[]): void {
  writeFileSync(join(programs, name), ["#!/bin/sh", ...lines].join("\n"));
  chmodSync(join(programs, name), 0o755);
}

/** The Java of this machine, alone. */
function linkJava(): void {
  const places = process.env.JAVA_HOME
    ? [join(process.env.JAVA_HOME, "bin")]
    : (process.env.PATH ?? "").split(delimiter);
  const found = places.map((place) => join(place, "java")).find((path) => spawnSync(path, ["-version"]).status === 0);
  symlinkSync(realpathSync(found ?? ""), join(programs, "java"));
}

test("no Java is told in one line, with how to get it or do without", () => {
  const { status, lines } = runSetup();
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/no java on PATH.*apt-get install.*HAILSTREAM_KAFKA_BROKERS/)]);
});

test("a JAVA_HOME without a Java is named", () => {
  linkJava();
  const { status, lines } = runSetup({ JAVA_HOME: join(folder, "nothing") });
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringContaining(`JAVA_HOME is ${join(folder, "nothing")}`)]);
});

test("a Java that is too old is named with its version", () => {
  write("java", `echo 'openjdk version "11.0.20" 2023-07-18' >&2`);
  const { status, lines } = runSetup();
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/Java 17 or newer is needed, .*\/java is 11\. /)]);
});

test("no Maven is told with how to get it, and Java and Maven are not asked for when Kafka and the registry are the user's own", () => {
  linkJava();
  const { status, lines } = runSetup();
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/Maven is missing.*apt-get install maven/)]);
  rmSync(join(programs, "java"));
  const own = runSetup({ HAILSTREAM_KAFKA_BROKERS: "kafka:9092", HAILSTREAM_REGISTRY_URL: "http://registry" });
  expect(own).toEqual({ status: 0, lines: [""] });
});

test.each([
  ["HdrHistogram-2.2.2.jar", /HdrHistogram-2\.2\.2\.jar is not the file that local\/artefacts\.json pins/],
  ["another.jar", /Maven brought another\.jar, which local\/artefacts\.json does not know/],
])("a file that is not the pinned one never reaches the cache: %s", (name, message) => {
  linkJava();
  const staging = join(folder, "cache", "staging", "kafka");
  write("mvn", `/bin/mkdir -p ${staging}`, `echo changed > ${join(staging, name)}`);
  const { status, lines } = runSetup();
  expect(status).toBe(1);
  expect(lines.at(-1)).toMatch(message);
  expect(readdirSync(join(folder, "cache"))).toEqual(["staging"]);
});
