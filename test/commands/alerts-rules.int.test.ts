import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { add } from "../../commands/alerts.ts";
import { createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";

const folder = mkdtempSync(join(tmpdir(), "hailstream-alerts-rules-"));
let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("alerts_rules");
});
afterAll(async () => {
  await db.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** `hailstream alerts …`: what it prints, and its exit code when it asks for one. */
async function alerts(...words: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const program = new Command().exitOverride();
  let code = 0;
  const env = { HAILSTREAM_LOCAL_DATA_DIR: folder, HAILSTREAM_POSTGRES_URL: db.ownerUrl };
  add(program, { env, stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["alerts", ...words], { from: "user" });
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

function fileOf(name: string, ...lines: readonly string[]): string {
  const file = join(folder, `${name}.yaml`);
  const text = [`name: ${name}`, "description: d", "on: payment.failed", "severity: info", "summary: s", ...lines];
  writeFileSync(file, text.join("\n"));
  return file;
}

test("a rule is saved, changed, listed with its source, and removed", async () => {
  const file = fileOf("mine", "when: data.amount > 1");
  expect(JSON.parse((await alerts("save", file, "--json")).out)).toMatchObject({
    ...{ name: "mine", source: "api", created: true },
  });
  fileOf("mine", "when: data.amount > 2");
  expect(await alerts("save", file)).toMatchObject({ code: 0, out: "mine is changed\n" });
  const { out } = await alerts("list");
  expect(out).toMatch(/^mine {2}info .*\(saved\)$/m);
  expect(out).toMatch(/^safety-sos {2}critical .*\(file\)$/m);
  const listed = JSON.parse((await alerts("list", "--json")).out) as readonly Record<string, unknown>[];
  expect(listed.find(({ rule }) => rule === "mine")).toMatchObject({ source: "api", changed_by: expect.any(String) });
  expect(await alerts("remove", "mine")).toMatchObject({ code: 0, out: "mine is removed\n" });
  expect((await alerts("list")).out).not.toContain("mine");
});

test("what cannot be saved or removed is refused with file, line and key, and exit code 2", async () => {
  const broken = fileOf("broken", "when: data.amuont > 1");
  expect(await alerts("save", broken)).toMatchObject({ code: 2, err: expect.stringContaining(`${broken}:6: when: `) });
  expect(await alerts("save", fileOf("safety-sos"))).toMatchObject({
    ...{ code: 2, err: expect.stringContaining("alert_rule_in_file") },
  });
  expect(await alerts("remove", "safety-sos")).toMatchObject({ code: 2 });
  expect(await alerts("remove", "nobody")).toMatchObject({
    ...{ code: 2, err: expect.stringContaining("alert_rule_unknown") },
  });
});

test("a rule that others name stays until they are gone; one that is saved at the same time is judged by the other", async () => {
  const by = "by: {city: data.trip_id}";
  await alerts("save", fileOf("first", by));
  await alerts("save", fileOf("second", by, "inhibited_by: [{rule: first, equal: [city]}]"));
  expect(await alerts("remove", "first")).toMatchObject({
    ...{ code: 2, err: expect.stringMatching(/The rule second could not be used then: second:7: inhibited_by/) },
  });
  // Without the label that the other one needs.
  expect(await alerts("save", fileOf("first"))).toMatchObject({ code: 2 });
  expect(await alerts("remove", "second")).toMatchObject({ code: 0 });
  const both = await Promise.all([
    alerts("remove", "first"),
    alerts("save", fileOf("third", by, "inhibited_by: [{rule: first, equal: [city]}]")),
  ]);
  // Whichever is first.
  expect(both.map(({ code }) => code).sort()).toEqual([0, 2]);
});
