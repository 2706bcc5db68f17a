import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { runAsOwner } from "../../../store/index.ts";
import { eventually } from "../../support/wait.ts";
import type { OnStage, Stage } from "../stage.ts";

/** Posts events that happen now; gives their ids. */
async function post({ ready }: Stage, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const data = { driver_id: "drv_1", status: "open", latitude: 40.7, longitude: -74 };
  const envelope = { specversion: "1.0", type: "driver.status", source: "/test", time: new Date().toISOString() };
  const response = await fetch(`${ready.ingest}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents-batch+json", authorization: `Bearer ${ready.apiKey}` },
    body: JSON.stringify(ids.map((id) => ({ ...envelope, id, data }))),
  });
  expect(response.status, await response.text()).toBeLessThan(300);
  return ids;
}

/** The audit: minutes by stations, and by name what is not there any more. */
export function auditTests(onStage: OnStage): void {
  onStage("the audit counts each minute at each station, and names a row that was deleted", async (stage) => {
    const { page, ready, complaints } = stage;
    const ids = await post(stage, 5);
    await page.goto(`${ready.console}/audit?type=driver.status`);
    await page.getByText(/^All in place/).waitFor();
    const minute = page
      .getByRole("region", { name: "Counts by minute" })
      .getByRole("row")
      .filter({ hasText: "all alike" });
    // Stations may be alike before all five have gone through them.
    await eventually(async () =>
      expect(await minute.first().getByRole("cell").allTextContents()).toEqual(["5", "5", "5", "5", "5", "✓all alike"]),
    );
    expect(await complaints()).toEqual([]);

    let row = "";
    await runAsOwner(ready.postgres, async (query) => {
      const [deleted] = await query<{ row: string }>(
        "delete from events.driver_status as gone where event_id = $1 returning to_json(gone)::text as row",
        [ids[2]],
      );
      row = deleted?.row ?? "";
    });
    await page.getByRole("button", { name: "Audit again" }).click();
    await page.getByText(/^1 missing/).waitFor();
    const named = page.getByRole("region", { name: "Missing and extra events" }).getByRole("row");
    expect(
      await named
        .filter({ hasText: String(ids[2]) })
        .getByRole("cell")
        .allTextContents(),
    ).toEqual(["−missing", "driver.status", "postgres", String(ids[2])]);
    await page.getByText("rows are not as stored").first().waitFor();
    expect(await complaints()).toEqual([]);
    await page.getByLabel("Only minutes with different counts").check();
    await eventually(() => expect(page.url()).toContain("only=wrong"));
    await page.getByText("rows are not as stored").first().waitFor();
    const file = await page.request.get(`${ready.console}/api/audit/verdict?last=900000&format=jsonl`);
    expect(JSON.parse((await file.text()).trim())).toMatchObject({ kind: "missing", id: ids[2], where: "postgres" });
    const tooLong = await page.request.get(`${ready.console}/api/audit/minutes?last=86400001`);
    expect(tooLong.status()).toBe(400);

    // It comes back, and the audit has nothing to say any more.
    await runAsOwner(ready.postgres, async (query) => {
      await query(
        "insert into events.driver_status select * from json_populate_record(null::events.driver_status, $1::json)",
        [row],
      );
    });
    await page.getByRole("button", { name: "Audit again" }).click();
    await page.getByText(/^All in place/).waitFor();
  });
}
