import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openTerminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "hailstream-terminal-"));
const terminal = openTerminal(folder, process.env);
afterAll(() => {
  terminal.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ["ends as its command", "npx true", 0],
  ["fails when a command in the middle does", "npx false\nnpx true", 1],
  ["fails when the first command of a pipe does", "npx false | cat", 1],
  ["fails when a command inside of another does", "export ID=$(npx false)\nnpx true", 1],
  ["may look at the exit code itself", 'npx false || echo "exit code $?"', 0],
  ["has to fail where it says so", "npx sh -c 'exit 2'   # refused: exit code 2\nnpx true", 0],
  ["may not fail otherwise", "npx sh -c 'exit 1'   # refused: exit code 2", 1],
  ["may not succeed either", "npx true   # refused: exit code 2", 1],
])("a block %s: %s", async (_, code, status) => {
  expect((await terminal.run({ language: "sh", code })).status).toBe(status);
});

test("a block is not blamed for one of another terminal", async () => {
  const [failing, other] = [openTerminal(folder, process.env), openTerminal(folder, process.env)];
  expect((await failing.run({ language: "sh", code: "npx false" })).status).toBe(1);
  expect((await other.run({ language: "sh", code: "npx true" })).status).toBe(0);
});

test("a block has the variables of those before it", async () => {
  await terminal.run({ language: "sh", code: "ID=$(npx echo ep_1)" });
  expect(await terminal.run({ language: "sh", code: 'echo "$ID"' })).toEqual({ status: 0, printed: "ep_1\n" });
});
