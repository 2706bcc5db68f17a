import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { messageOf } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import { loadTopology } from "../../stream/index.ts";

const folder = mkdtempSync(join(tmpdir(), "hailstream-topology-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
function load(text: string) {
  const file = join(folder, `${++count}.mjs`);
  writeFileSync(file, text);
  return loadTopology(file, {} as Schemas);
}
const flow = (name: string) => `{ name: "${name}", source: "in", read: () => 1, steps: [() => 1], outputs: ["out"] }`;

test("gives what the file's default export makes", async () => {
  const topology = await load(`export default () => ({ flows: [${flow("one")}] })`);
  expect(topology.flows?.map(({ name }) => name)).toEqual(["one"]);
});

test.each([
  ["does not exist", () => loadTopology(join(folder, "nowhere.ts"), {} as Schemas), "nowhere.ts"],
  ["is no program", () => load("this is no program"), "gives no topology"],
  ["has no default export", () => load("export const a = 1"), "its default export is undefined"],
  ["throws", () => load(`export default () => { throw new Error("no brake") }`), "no brake"],
  ["misspells a list", () => load("export default () => ({ flow: [] })"), 'Unrecognized key: "flow"'],
  ["leaves out a source", () => load(`export default () => ({ flows: [{ name: "a" }] })`), "flows.0.source"],
  ["has a name that is no group", () => load(`export default () => ({ flows: [${flow("A b")}] })`), "a-z, 0-9"],
  [
    "has a step that is none",
    () => load(`export default () => ({ flows: [${flow("a").replace("() => 1]", "1]")}] })`),
    "must be a function",
  ],
  [
    "calls two flows the same",
    () => load(`export default () => ({ flows: [${flow("a")}, ${flow("a")}] })`),
    "called a",
  ],
])("a file that %s is refused, with the reason", async (_name, attempt, why) => {
  const error: unknown = await attempt().catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: "stream_topology_invalid" });
  expect(messageOf(error)).toContain(why);
});
