import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

test("a process of several that cannot start ends all of them, with its reason", async () => {
  // Nothing listens on port 1, and without the registry's ids there is no first start.
  const flags = ["--ingest-processes", "2", "--ingest-port", "0", "--ingest-allow-anonymous", "true"];
  const nowhere = ["--registry-url", "http://127.0.0.1:1", "--kafka-brokers", "127.0.0.1:1"];
  const child = spawn(process.execPath, ["main.ts", "ingest", ...flags, ...nowhere, "--log-level", "fatal"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += String(text);
  });
  try {
    expect(await once(child, "exit")).toEqual([1, null]);
    expect(said).toContain("schema_registry_unreachable");
  } finally {
    child.kill("SIGKILL");
  }
});
