import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { capture, freePort } from "../../bench/processes.ts";
import { cacheDirFrom } from "../../local/index.ts";
import { eventually } from "./wait.ts";

export type S3Mock = { readonly endpoint: string; readonly bucket: string; stop(): Promise<void> };

/** Starts Adobe's S3Mock with one empty bucket; Maven fetches it into the cache at the first call. */
export async function startS3Mock(): Promise<S3Mock> {
  const folder = join(cacheDirFrom(process.env), "test");
  const jar = join(folder, "s3mock-4.11.0-exec.jar");
  if (!existsSync(jar)) {
    const pom = join(import.meta.dirname, "s3-mock", "pom.xml");
    await capture("mvn", ["-q", "-B", "-f", pom, `-Dinto=${folder}`, "generate-resources"]);
  }
  const port = await freePort();
  const bucket = "lake-test";
  const settings = [
    ...[`-Dhttp.port=${port}`, "-Dserver.port=0", "-Dserver.address=127.0.0.1", "-Dlogging.level.root=ERROR"],
    ...[`-Dcom.adobe.testing.s3mock.store.initialBuckets=${bucket}`, "-XX:TieredStopAtLevel=1", "-Xmx256m"],
  ];
  const child = spawn("java", [...settings, "-jar", jar], { stdio: ["ignore", "ignore", "inherit"] });
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`S3Mock ended with ${child.exitCode}`);
      return (await fetch(`${endpoint}/${bucket}`)).ok;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  return {
    endpoint,
    bucket,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
