import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { optionSets } from "../../commands/option-sets.ts";
import { variableOf } from "../../runtime/index.ts";

const root = resolve(import.meta.dirname, "..", "..");
const command = [["docker-compose"], ["docker", "compose"]].find(
  ([program = "", ...args]) => spawnSync(program, [...args, "version"]).status === 0,
);

function config(...words: string[]): string {
  const [program = "", ...args] = command ?? [];
  return execFileSync(program, [...args, "--profile", "demo", "config", ...words], { cwd: root, encoding: "utf8" });
}

// Checked and not run: `docker-compose config` needs no engine.
const skipped = "neither docker-compose nor docker compose is installed; .ci/run installs Debian's package";

test("the compose file is valid and complete", ({ skip }) => {
  skip(command === undefined, skipped);
  const services = config("--services").trim().split("\n").sort();
  const brokers = ["kafka-1", "kafka-2", "kafka-3"];
  expect(services).toEqual([
    "audit",
    "console",
    "ingest",
    ...brokers,
    "migrate",
    "postgres",
    "registry",
    "simulate",
    "sinks",
    "stream",
    "stream-stateful",
    "topics",
  ]);
  const text = config();
  // Every station finds its topics and tables made.
  expect(text.match(/condition: service_completed_successfully/g)).toHaveLength(2 * 6);
  for (const promise of [
    /KAFKA_DEFAULT_REPLICATION_FACTOR: ["']3["']/g,
    /KAFKA_MIN_INSYNC_REPLICAS: ["']2["']/g,
    /KAFKA_AUTO_CREATE_TOPICS_ENABLE: ["']false["']/g,
  ]) {
    expect(text.match(promise)).toHaveLength(brokers.length);
  }
});

test("every option of a service is one that the program knows", ({ skip }) => {
  skip(command === undefined, skipped);
  const known = optionSets.flatMap((set) => Object.keys(set.specs).map((key) => variableOf(set, key)));
  const given = config().match(/HAILSTREAM_[A-Z_]+(?=:)/g) ?? [];
  expect(given.length).toBeGreaterThan(5);
  expect(given.filter((name) => !known.includes(name))).toEqual([]);
});

test("the trial key of the compose file is the one whose hash it mounts", () => {
  const keys: unknown = JSON.parse(readFileSync(resolve(root, "local/compose/trial-api-keys.json"), "utf8"));
  expect(keys).toEqual([{ name: "trial", sha256: createHash("sha256").update("trial").digest("hex") }]);
});

test("the image has the native halves of packages, which npm counts as optional", () => {
  expect(readFileSync(resolve(root, "Dockerfile"), "utf8")).not.toMatch(/^RUN .*--omit=optional/m);
});
