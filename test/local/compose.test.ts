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

// Checked and not run: `docker-compose config` needs no engine. Without the program .ci/run installs it.
test.skipIf(command === undefined)("the compose file is valid and complete", () => {
  const services = config("--services").trim().split("\n").sort();
  const brokers = ["kafka-1", "kafka-2", "kafka-3"];
  expect(services).toEqual([
    "ingest",
    ...brokers,
    "postgres",
    "registry",
    "simulate",
    "sinks",
    "stream",
    "stream-stateful",
  ]);
  const text = config();
  for (const promise of [
    /KAFKA_DEFAULT_REPLICATION_FACTOR: ["']3["']/g,
    /KAFKA_MIN_INSYNC_REPLICAS: ["']2["']/g,
    /KAFKA_AUTO_CREATE_TOPICS_ENABLE: ["']false["']/g,
  ]) {
    expect(text.match(promise)).toHaveLength(brokers.length);
  }
});

test.skipIf(command === undefined)("every option of a service is one that the program knows", () => {
  const known = optionSets.flatMap((set) => Object.keys(set.specs).map((key) => variableOf(set, key)));
  const given = config().match(/HAILSTREAM_[A-Z_]+(?=:)/g) ?? [];
  expect(given.length).toBeGreaterThan(5);
  expect(given.filter((name) => !known.includes(name))).toEqual([]);
});

test("the trial key of the compose file is the one whose hash it mounts", () => {
  const keys: unknown = JSON.parse(readFileSync(resolve(root, "local/compose/trial-api-keys.json"), "utf8"));
  expect(keys).toEqual([{ name: "trial", sha256: createHash("sha256").update("trial").digest("hex") }]);
});
