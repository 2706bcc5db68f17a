import { PassThrough } from "node:stream";
import { Command } from "commander";
import { expect, test } from "vitest";
import { add } from "../../commands/endpoints.ts";

/** Runs the command without a stack: a refusal needs no database. */
async function run(...words: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const program = new Command().exitOverride();
  let code = 0;
  add(program, { env: {}, stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["endpoints", ...words, "--data-dir", "/nonexistent"], { from: "user" });
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

test.each([
  ["http://example.com/", "webhook_scheme_refused"],
  ["https://169.254.169.254/", "webhook_address_refused"],
  ["https://2130706433/", "webhook_address_refused"],
  ["https://localhost/", "webhook_address_refused"],
  ["https://user:word@example.com/", "webhook_userinfo_refused"],
  ["https://8.8.8.8:5432/", "webhook_port_refused"],
  ["no url", "webhook_url_invalid"],
])("create refuses %s with exit code 2 and says what to do", async (url, code) => {
  const refused = await run("create", "--url", url, "--json");
  expect(refused.code).toBe(2);
  expect(JSON.parse(refused.out)).toMatchObject({ refused: code });
  expect(refused.err).toContain(`[${code}]`);
  const inWords = await run("create", "--url", url);
  expect(inWords).toMatchObject({ code: 2, out: "" });
});

test("the rules for targets are options", async () => {
  const loopback = ["create", "--url", "http://127.0.0.1:9/", "--webhook-development", "true"];
  expect((await run(...loopback)).code).toBe(2);
  // Allowed, so it goes on to the database, which is not there.
  const allowed = run(
    ...loopback,
    "--webhook-allow-targets",
    "127.0.0.0/8",
    "--postgres-url",
    "postgres://127.0.0.1:1/x",
  );
  await expect(allowed).rejects.toMatchObject({ code: "store_unavailable" });
});
