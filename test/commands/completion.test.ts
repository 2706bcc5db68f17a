import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { candidatesFor } from "../../commands/complete.ts";
import { shells } from "../../commands/completion-scripts.ts";
import { readOutline } from "../../commands/outline.ts";

const root = resolve(import.meta.dirname, "..", "..");
const outline = readOutline();
const folder = mkdtempSync(join(tmpdir(), "hailstream-completion-"));
symlinkSync(join(root, "hailstream.mjs"), join(folder, "hailstream"));
writeFileSync(join(folder, "trips.csv"), "");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What could stand in the place of the last word of a line. */
const behind = (line: string) => candidatesFor(outline, line.split(" ")).map(({ value }) => value);

describe("what could stand there", () => {
  test.each([
    ["", ["up", "status", "keys", "completion"]],
    ["sta", ["status"]],
    ["keys ", ["create", "list", "device-key"]],
    ["keys device-key d", ["delete"]],
    ["keys list --js", ["--json"]],
    ["ingest --ingest-po", ["--ingest-port"]],
    ["codegen --lang ", ["ts", "swift", "kotlin"]],
    ["codegen --lang=s", ["--lang=swift"]],
    ["codegen --lang = s", ["swift"]],
    ["codegen --lang =", ["ts", "swift", "kotlin"]],
    ["up --no-demo --log-level wa", ["warn"]],
    ["sinks --kafka-tls ", ["true", "false"]],
    ["quarantine list --state r", ["replayed"]],
    ["completion ", ["bash", "zsh", "fish"]],
  ])("behind `hailstream %s`: %j", (line, words) => {
    expect(behind(line)).toEqual(expect.arrayContaining(words));
  });

  test.each(["codegen --out ", "replay ", "schemas show trip.completed ", "keys show --name=", "nowhere "])(
    "behind `hailstream %s` anything",
    (line) => {
      expect(behind(line)).toEqual([]);
    },
  );

  test("is only what begins as the word does", () => {
    expect(behind("keys re")).toEqual(["revoke"]);
    expect(behind("status --jsonn")).toEqual([]);
  });
});

const found = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;
const env = { ...process.env, PATH: `${folder}:${join(process.execPath, "..")}:${process.env.PATH}`, TERM: "dumb" };

/** Runs a shell that has sourced its script, with the line to complete in `LINE`. */
function ask(shell: "bash" | "zsh" | "fish", line: string): readonly string[] {
  const flags = { bash: ["--norc", "-c"], zsh: ["-f", "-c"], fish: ["--no-config", "-c"] }[shell];
  const result = spawnSync(shell, [...flags, asking[shell]], {
    cwd: folder,
    env: { ...env, LINE: line },
    encoding: "utf8",
  });
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  return result.stdout.split("\n").flatMap((each) => each.trim().split("\t")[0] || []);
}

const asking = {
  // As readline calls it; twice, since a shell may read its start files again.
  bash: `source <(hailstream completion bash); source <(hailstream completion bash)
    read -ra COMP_WORDS <<< "$LINE"; [[ $LINE == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_LINE=$LINE; COMP_POINT=\${#LINE}
    complete -p hailstream > /dev/null && _hailstream hailstream && printf '%s\\n' "\${COMPREPLY[@]}"`,
  // zsh completes in a terminal only, so what the script hands to its completion system is caught.
  zsh: `compdef() { [[ $1 == _hailstream ]] }; _files() {}; _describe() { print -rl -- \${(P)2} }
    source <(hailstream completion zsh); source <(hailstream completion zsh)
    words=("\${(@s: :)LINE}"); CURRENT=\${#words}; _hailstream`,
  fish: `source (hailstream completion fish | psub); complete --do-complete "$LINE"`,
} as const;

/** What comes behind the word in zsh's way: its description. */
const words = (lines: readonly string[]) => lines.map((line) => line.replace(/(?<!\\):.*$/, ""));

describe.each(["bash", "zsh", "fish"] as const)("in a real %s", (shell) => {
  const answer = (line: string) => (shell === "zsh" ? words(ask(shell, line)) : ask(shell, line));

  test.runIf(shell === "bash" || found(shell))(
    `(skipped: there is no ${shell} here) commands, options and values`,
    () => {
      expect(answer("hailstream sta")).toEqual(["status"]);
      expect(answer("hailstream keys ")).toEqual(expect.arrayContaining(["create", "rotate", "token"]));
      expect(answer("hailstream keys rotate --gr")).toEqual(["--grace-ms"]);
      expect(answer("hailstream codegen --lang ")).toEqual(expect.arrayContaining(["ts", "swift", "kotlin"]));
      expect(answer("hailstream endpoints create --min-severity c")).toEqual(["critical"]);
    },
  );

  test.runIf(shell === "bash" || found(shell))("what was typed is not evaluated", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
    expect(answer("hailstream keys show $(touch${IFS}evaluated) --js")).toEqual(["--json"]);
    expect(spawnSync("ls", [folder], { encoding: "utf8" }).stdout).not.toContain("evaluated");
  });
});

test("every shell has a script", () => {
  expect(Object.keys(shells)).toEqual(["bash", "zsh", "fish"]);
});
