#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=262144 node --max-semi-space-size=16 --max-old-space-size=1024 --initial-old-space-size=96
// Plain JavaScript, which an older Node understands too, and for which Node need not start its TypeScript compiler: what was compiled once
// is kept, so that a call for help is answered at once. Where the folder cannot be written all works as well, only later.
import module from "node:module";
import { fileURLToPath } from "node:url";

if (process.features.typescript) {
  module.enableCompileCache(fileURLToPath(new URL("node_modules/.cache/hailstream", import.meta.url)));
  await import("./main.ts");
} else {
  process.stderr.write(
    `hailstream: it needs Node.js 24, and this is ${process.version}. npx hailstream brings its own.\n`,
  );
  process.exitCode = 1;
}
