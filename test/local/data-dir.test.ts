import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readKeys } from "../../ingest/identity/keys-file.ts";
import {
  apiKeysFile,
  claimDataDir,
  endLeftovers,
  loadSecrets,
  markedParts,
  readReadyLine,
  releaseDataDir,
  stopSupervisor,
  supervisorOf,
  writeReadyLine,
} from "../../local/index.ts";
import { identityOf, writeMark } from "../../local/process-identity.ts";
import { secretsFile } from "../../local/secrets.ts";

let dataDir = "";
const others: number[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "hailstream-data-dir-"));
  mkdirSync(join(dataDir, "run"));
});
afterEach(() => {
  for (const pid of others.splice(0)) if (identityOf(pid) !== undefined) process.kill(pid, "SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

function otherProcess(): number {
  const { pid = 0 } = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  others.push(pid);
  return pid;
}

const line = {
  ready: true,
  ingest: "http://127.0.0.1:1",
  registry: "http://127.0.0.1:2",
  kafka: "127.0.0.1:3",
  postgres: "postgres://a",
  analyst: "postgres://b",
  apiKey: "k",
} as const;

test("a directory has one holder, who is named to the next", () => {
  expect(claimDataDir(dataDir)).toBeUndefined();
  expect(claimDataDir(dataDir)).toBe(process.pid);
  releaseDataDir(dataDir);
  expect(supervisorOf(dataDir)).toBeUndefined();
  expect(claimDataDir(dataDir)).toBeUndefined();
});

test("the claim of a process that was killed does not count", async () => {
  const pid = otherProcess();
  writeMark(join(dataDir, "run", "up.pid"), pid);
  expect(claimDataDir(dataDir)).toBe(pid);
  expect(await stopSupervisor(dataDir)).toBe(pid);
  expect(claimDataDir(dataDir)).toBeUndefined();
});

test("the ready line is there only while its process is", () => {
  claimDataDir(dataDir);
  writeReadyLine(dataDir, line);
  expect(readReadyLine(dataDir)).toEqual(line);
  rmSync(join(dataDir, "run", "up.pid"));
  expect(readReadyLine(dataDir)).toBeUndefined();
});

test("leftovers are listed and ended", async () => {
  const [kafka, ingest] = [otherProcess(), otherProcess()];
  writeMark(join(dataDir, "run", "kafka.pid"), kafka);
  writeMark(join(dataDir, "run", "ingest.pid"), ingest);
  expect(markedParts(dataDir)).toEqual([
    { name: "ingest", pid: ingest },
    { name: "kafka", pid: kafka },
  ]);
  expect(await endLeftovers(dataDir)).toEqual(["ingest", "kafka"]);
  expect(identityOf(kafka) ?? identityOf(ingest)).toBeUndefined();
  expect(await endLeftovers(dataDir)).toEqual([]);
});

test("secrets are made once, for their owner only; the keys file has the hash alone", () => {
  const secrets = loadSecrets(dataDir);
  expect(loadSecrets(dataDir)).toEqual(secrets);
  expect(statSync(secretsFile(dataDir)).mode & 0o777).toBe(0o600);
  const keys = readFileSync(apiKeysFile(dataDir), "utf8");
  expect(keys).not.toContain(secrets.apiKey);
  const sha256 = createHash("sha256").update(secrets.apiKey).digest("hex");
  expect(readKeys(keys)).toEqual([
    expect.objectContaining({ id: secrets.apiKey.slice(0, 16), name: "demo", stage: "test", sha256, mint: true }),
  ]);
});

test("a directory from before there was a console gets its keys, and keeps all others", () => {
  const { console: keys, ...older } = loadSecrets(dataDir);
  writeFileSync(secretsFile(dataDir), JSON.stringify(older));
  const completed = loadSecrets(dataDir);
  expect(completed).toMatchObject(older);
  expect(completed.console.operate).not.toBe(keys.operate);
  expect(completed.console.operate).not.toBe(completed.console.view);
  expect(loadSecrets(dataDir)).toEqual(completed);
  expect(statSync(secretsFile(dataDir)).mode & 0o777).toBe(0o600);
});
