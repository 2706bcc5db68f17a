import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * How long the command line takes to say its first word: `node bench/first-output.ts [program]`, twenty calls of each. Time on the clock is the
 * median and depends on what else the machine does; processor time, of the whole call, is the mean and does not.
 */
const program = process.argv[2] ?? fileURLToPath(new URL("../hailstream.mjs", import.meta.url));
const runs = 20;
const calls: readonly (readonly string[])[] = [
  ["--version"],
  ["--help"],
  ["endpoints", "--help"],
  ["ingest", "--help"],
  ["statsu"],
  ["status", "--jsn"],
  ["status"],
  ["schemas", "list"],
];

for (const args of calls) {
  const before = childrenMs();
  const firsts: number[] = [];
  for (let run = 0; run < runs; run += 1) firsts.push(await firstOutputMs(args));
  const processor = (childrenMs() - before) / runs;
  const middle = firsts.sort((a, b) => a - b)[runs / 2] ?? Number.NaN;
  process.stdout.write(
    `${args.join(" ").padEnd(18)} first output ${middle.toFixed()} ms, processor ${processor.toFixed()} ms\n`,
  );
}

async function firstOutputMs(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let first = Number.NaN;
  for (const stream of [child.stdout, child.stderr]) {
    stream.once("data", () => {
      if (Number.isNaN(first)) first = performance.now() - began;
    });
  }
  await new Promise((closed) => child.once("close", closed));
  return first;
}

/** Processor time of all children that have ended (proc(5), in ticks of 10 ms). */
function childrenMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
