import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";

/**
 * How long `hailstream micro` takes from the start of its process to its ready line, and what processor time: `node bench/micro-ready.ts`, five runs. Time on the
 * clock depends on what else the machine does, processor time does less.
 */
const program = fileURLToPath(new URL("../hailstream.mjs", import.meta.url));
const runs = 5;
const ticksPerSecond = 100;

for (let run = 1; run <= runs; run += 1) {
  const began = performance.now();
  const child = spawn(program, ["micro", "--micro-port", "0", "--json", "--until-stdin-ends"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ms = performance.now() - began;
  const { ready } = JSON.parse(String(line)) as { readonly ready: boolean };
  if (!ready) throw new Error(`micro says ${line}`);
  const processor = processorMs(child.pid ?? 0);
  const closed = once(child, "close");
  child.stdin.end();
  await closed;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  process.stdout.write(`run ${run}: ready after ${ms.toFixed()} ms, processor ${processor} ms (load ${load})\n`);
}

/** Of a process that runs, as proc(5) has it. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}
