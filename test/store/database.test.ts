import { expect, test } from "vitest";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { createDatabase } from "../../store/index.ts";

test("nothing is asked of a database that was not started: nobody would close the connection", async () => {
  const db = createDatabase({
    name: "test",
    url: "postgres://127.0.0.1:9/nowhere",
    log: silentLogger,
    metrics: createMetrics(),
  });
  await expect(db.query("select 1", [])).rejects.toThrow("before its start");
  await expect(db.transaction(async () => undefined)).rejects.toThrow("before its start");
  await db.stop();
});
