import { expect, test } from "vitest";
import { consoleTrials } from "../../commands/console-trial.ts";

test("what is wrong with a rule comes back from its thread with its code and its line; the next trial runs all the same", async () => {
  const attempt = consoleTrials({ env: {} });
  const [first, second] = await Promise.allSettled([
    attempt("name: x\nfoo: 1\n", 1_000),
    attempt("name: x\n  broken", 1_000),
  ]);
  for (const outcome of [first, second]) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "alert_rule_invalid" } });
  }
  expect(String((first as PromiseRejectedResult).reason.message)).toContain("rule:2: foo is no key of a rule");
});
