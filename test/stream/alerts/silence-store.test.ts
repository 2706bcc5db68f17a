import { expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { watchSilences } from "../../../stream/alerts/silence-store.ts";

const row = {
  silence_id: "sil_1",
  matches: { rule: "unmet-demand" },
  starts_at: new Date(1_000),
  ends_at: new Date(9_000),
  reason: "marathon",
  made_by: "me",
};

test("silences hold from the moment in which the process has started, and while the database is away", async () => {
  let answers = true;
  const query = async (_sql: string, given: readonly unknown[] = []) => {
    if (!answers) throw new Error("away");
    // Also those that have ended: what arrived under one may be judged later.
    expect(given).toEqual(["1 day"]);
    return [row] as never[];
  };
  const silences = watchSilences({ query }, silentLogger);
  await silences.start(() => undefined);
  expect(silences.silences({ rule: "unmet-demand" }, 5_000)).toBe(true);
  answers = false;
  expect(silences.silences({ rule: "unmet-demand" }, 5_000)).toBe(true);
  expect(silences.silences({ rule: "other" }, 5_000)).toBe(false);
  await silences.stop();
});
