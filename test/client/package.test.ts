import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const client = join(root, "client");
const description = JSON.parse(readFileSync(join(client, "package.json"), "utf8")) as {
  readonly name: string;
  readonly type: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
} & Readonly<Record<string, unknown>>;
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** An app that has the built package in its node_modules. */
let app = "";

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), "hailstream-package-"));
  const packed = join(app, "node_modules", description.name);
  execFileSync(process.execPath, [tsc, "-p", client, "--outDir", join(packed, "dist")], { encoding: "utf8" });
  writeFileSync(join(packed, "package.json"), JSON.stringify(description));
  symlinkSync(join(root, "node_modules/@types"), join(app, "node_modules/@types"));
});

afterAll(() => rmSync(app, { recursive: true }));

const distOf = (path: string) => join(app, "node_modules", description.name, path);
const entries = Object.entries(description.exports);

test("it is published as ESM, without dependencies, and as what it builds only", () => {
  expect(description.type).toBe("module");
  expect(description.files).toEqual(["dist"]);
  expect(Object.keys(description).filter((key) => /dependencies/i.test(key))).toEqual([]);
  for (const name of readdirSync(distOf("dist"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js") && !name.endsWith(".d.ts")) continue;
    const text = readFileSync(distOf(join("dist", name)), "utf8");
    const imports = [...text.matchAll(/\bfrom "([^"]+)"/g)].map(([, path]) => path as string);
    // Only what is for Node alone, the storage of files and the helper for tests, knows what Node has.
    const allowed = /^(adapters\/file|testing\/process)\./.test(name)
      ? /^(\.{1,2}\/.*\.js|node:.*)$/
      : /^\.{1,2}\/.*\.js$/;
    expect(imports.filter((path) => !allowed.test(path) && !path.endsWith(".ts"))).toEqual([]);
    // Declarations may name a .ts file, but code that runs may not.
    if (name.endsWith(".js")) expect(imports.filter((path) => path.endsWith(".ts"))).toEqual([]);
  }
});

test.each(entries)("%s leads to code and types", (_path, { types, default: code }) => {
  expect(existsSync(distOf(types))).toBe(true);
  expect(existsSync(distOf(code))).toBe(true);
});

test("an app imports it by its exports, in Node and with its types checked", () => {
  const uses = entries.map(([path], index) => `import * as part${index} from "${join(description.name, path)}";`);
  const main = `${uses.join("\n")}
import { createClient, memoryStorage } from "${description.name}";
type Events = { "trip.rated": { trip_id: string; rating: number } };
const options = { url: "http://127.0.0.1:1", key: "k", source: "/apps/test", storage: memoryStorage() };
const client = createClient<Events>(options);
client.track("trip.rated", { trip_id: "trp_1", rating: 5 });
// @ts-expect-error a field is missing
client.track("trip.rated", { trip_id: "trp_1" });
// @ts-expect-error there is no such event
client.track("trip.rate", { trip_id: "trp_1", rating: 5 });
export const parts = [${entries.map((_, index) => `part${index}`).join(", ")}];
`;
  writeFileSync(join(app, "main.ts"), main);
  writeFileSync(join(app, "package.json"), JSON.stringify({ type: "module" }));
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  expect(execFileSync(process.execPath, [tsc, ...flags, "main.ts"], { cwd: app, encoding: "utf8" })).toBe("");
  const script = `const names = ${JSON.stringify(entries.map(([path]) => join(description.name, path)))};
for (const name of names) if (Object.keys(await import(name)).length === 0) throw new Error(name);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: app });
});

test("the examples of docs/sdk.md fit its types", () => {
  const page = readFileSync(join(root, "docs/sdk.md"), "utf8");
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
  expect(examples).toHaveLength(3);
  // React Native's packages as the examples see them.
  writeFileSync(
    join(app, "react-native.d.ts"),
    `declare module "react-native" {
  export const AppState: { addEventListener(type: "change", listener: (state: string) => void): { remove(): void } };
}
declare module "@react-native-async-storage/async-storage" {
  const store: {
    getAllKeys(): Promise<readonly string[]>;
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<void>;
    removeItem(key: string): Promise<void>;
  };
  export default store;
}`,
  );
  const names = examples.map((code, index) => {
    const given = "declare const url: string, key: string, data: object;";
    // Ten lines are promised.
    expect(code.trim().split("\n").length).toBeLessThanOrEqual(10);
    writeFileSync(join(app, `example-${index}.ts`), `${given}\n${code}`);
    return `example-${index}.ts`;
  });
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  const files = ["react-native.d.ts", ...names];
  expect(execFileSync(process.execPath, [tsc, ...flags, ...files], { cwd: app, encoding: "utf8" })).toBe("");
});

test("the example of docs/micro.md fits its types", () => {
  const page = readFileSync(join(root, "docs/micro.md"), "utf8");
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
  expect(examples).toHaveLength(1);
  writeFileSync(join(app, "micro.test.ts"), examples.join(""));
  symlinkSync(join(root, "node_modules/vitest"), join(app, "node_modules/vitest"));
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  const done = execFileSync(process.execPath, [tsc, ...flags, "--types", "node", "micro.test.ts"], {
    cwd: app,
    encoding: "utf8",
  });
  expect(done).toBe("");
});

test("the core is smaller than 8 kB compressed", async () => {
  const bundle = await rolldown({ input: join(client, "index.ts"), logLevel: "silent" });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const size = gzipSync(output.map((part) => (part.type === "chunk" ? part.code : "")).join(""), { level: 9 }).length;
  expect(output).toHaveLength(1);
  expect(size).toBeLessThan(8_000);
  process.stdout.write(`the core of the SDK: ${size} bytes compressed\n`);
});
