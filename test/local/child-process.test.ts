import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ChildSpec, createChildService } from "../../local/index.ts";
import { identityOf, writeMark } from "../../local/process-identity.ts";
import { PipelineError, type Service, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";

const started: Service[] = [];
const folder = mkdtempSync(join(tmpdir(), "hailstream-child-"));

beforeEach(() => {
  mkdirSync(folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const failed: unknown[] = [];
const waits = "console.log('up'); setInterval(() => {}, 1000)";

function child(script: string, extra: Partial<ChildSpec> = {}, abort?: AbortSignal) {
  const service = createChildService(
    {
      name: "part",
      command: process.execPath,
      args: ["-e", script],
      env: process.env,
      logFile: join(folder, "part.log"),
      pidFile: join(folder, "part.pid"),
      isReady: ({ written }) => written().includes("up"),
      ...extra,
    },
    silentLogger,
    abort,
  );
  started.push(service);
  return service;
}

const start = (service: Service) => service.start((cause) => failed.push(cause));

test("is ready when its condition holds, and gone after stop", async () => {
  const part = child(waits);
  await start(part);
  const { pid = 0 } = part;
  expect(part.state).toBe("ready");
  expect(identityOf(pid)).toBeDefined();
  await part.stop();
  expect(identityOf(pid)).toBeUndefined();
});

test("a child that dies is started again", async () => {
  const part = child(waits);
  await start(part);
  const { pid = 0 } = part;
  process.kill(pid, "SIGKILL");
  await eventually(() => part.restarts === 1 && part.state === "ready");
  expect(part.pid).not.toBe(pid);
});

test("a start that fails names the log and its last lines", async () => {
  const part = child("console.error('no such table'); process.exit(3)");
  const error = await start(part).catch((cause: unknown) => cause);
  expect(PipelineError.is(error, "local_start_failed")).toBe(true);
  expect(String(error)).toMatch(/no such table[\s\S]*exit code 3[\s\S]*part\.log/);
});

test("a program that is not there is told, not thrown about", async () => {
  const part = child("", { command: join(folder, "missing", "java") });
  const error = await start(part).catch((cause: unknown) => cause);
  expect(PipelineError.is(error, "local_java_unusable")).toBe(true);
});

test("a child that does not listen to the request is ended by force", async () => {
  const part = child(`process.on('SIGTERM', () => {}); ${waits}`, { stopTimeoutMs: 100 });
  await start(part);
  const { pid = 0 } = part;
  await part.stop();
  expect(identityOf(pid)).toBeUndefined();
});

test("a start under way is broken off by the signal and leaves no process", async () => {
  const abort = new AbortController();
  const part = child("setInterval(() => {}, 1000)", {}, abort.signal);
  const starting = start(part).catch((cause: unknown) => cause);
  const pid = await eventually(() => part.pid ?? false);
  abort.abort();
  expect(await starting).toBeInstanceOf(PipelineError);
  expect(identityOf(pid)).toBeUndefined();
});

test("what a killed supervisor left behind is ended by the next start", async () => {
  const orphan = spawn(process.execPath, ["-e", waits], { detached: true, stdio: "ignore" });
  const { pid = 0 } = orphan;
  writeMark(join(folder, "part.pid"), pid);
  const part = child(waits);
  await start(part);
  expect(identityOf(pid)).toBeUndefined();
  expect(part.state).toBe("ready");
});

test("a process that only has the number of an earlier part is left alone", async () => {
  const stranger = spawn(process.execPath, ["-e", waits], { stdio: "ignore" });
  const { pid = 0 } = stranger;
  writeFileSync(join(folder, "part.pid"), JSON.stringify({ pid, identity: "another boot 1", stopSignal: "SIGTERM" }));
  await start(child(waits));
  expect(identityOf(pid)).toBeDefined();
  stranger.kill("SIGKILL");
});

test("gives up after the starts that it may fail", async () => {
  const flag = join(folder, "once");
  const script = `const fs = require('node:fs'); if (fs.existsSync(${JSON.stringify(flag)})) process.exit(1);
    fs.writeFileSync(${JSON.stringify(flag)}, ''); ${waits}`;
  const part = child(script, { maxFailedRestarts: 2 });
  await start(part);
  process.kill(part.pid ?? 0, "SIGKILL");
  await eventually(() => failed.length === 1);
});
