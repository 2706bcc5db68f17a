import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { secretsFile } from "../../../local/secrets.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";
import { createEndpoint, deleteEndpoint, disableEndpoint, enableEndpoint } from "../../../sinks/webhook/index.ts";
import { createDatabase, type Database } from "../../../store/index.ts";
import { startReceiver } from "../../sinks/webhook/support.ts";
import type { OnStage, Stage } from "../stage.ts";

/** Somebody presses the emergency button. */
export async function callForHelp({ ready }: Stage, id: string = randomUUID()): Promise<string> {
  const data = { sos_id: `sos_${id}`, person_id: "rdr_1", reported_by: "rider", latitude: 40.7, longitude: -74 };
  const event = { specversion: "1.0", id, type: "safety.sos", source: "/test", time: new Date().toISOString(), data };
  const response = await fetch(`${ready.ingest}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${ready.apiKey}` },
    body: JSON.stringify(event),
  });
  expect(response.status, await response.text()).toBe(202);
  return data.sos_id;
}

/** The database of the stage, as its owner, for as long as the work takes. */
export async function withDatabase({ ready }: Stage, work: (db: Database) => Promise<void>): Promise<void> {
  const db = createDatabase({ name: "test", url: ready.postgres, log: silentLogger, metrics: createMetrics(), max: 2 });
  await db.start(() => undefined);
  try {
    await work(db);
  } finally {
    await db.stop();
  }
}

/** Alerts: what fires is seen, silenced, told, and told again. */
export function alertTests(onStage: OnStage): void {
  onStage(
    "a call for help is seen on the page of alerts, may be silenced with a reason, and is told again",
    async (stage) => {
      const { page, ready, complaints } = stage;
      await page.goto(`${ready.console}/alerts`);
      const sos = await callForHelp(stage);
      const card = page.getByRole("listitem").filter({ hasText: sos });
      await card.waitFor();
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("1 firing");
      for (const words of [
        "safety-sos",
        "Firing, critical",
        "The rider rdr_1 pressed the emergency button",
        "Told once",
      ]) {
        expect(await card.textContent()).toContain(words);
      }
      expect(await complaints()).toEqual([]);

      await card.getByRole("link", { name: "Silence", exact: true }).click();
      expect(await page.getByLabel("Rule").inputValue()).toBe("safety-sos");
      expect(await page.getByLabel(/^Labels/).inputValue()).toBe(`sos_id=${sos}`);
      await page.getByLabel("For how long").fill("soon");
      await page.getByLabel(/^Reason/).fill("a drill of the night shift");
      await page.getByRole("button", { name: "Silence" }).click();
      expect(await page.getByRole("alert").textContent()).toContain("For example 40m");
      await page.getByLabel("For how long").fill("40m");
      expect(await complaints()).toEqual([]);
      await page.getByRole("button", { name: "Silence" }).click();
      await page.getByRole("heading", { name: "a drill of the night shift" }).waitFor();
      expect(page.url()).toBe(`${ready.console}/alerts/silences`);
      expect(await complaints()).toEqual([]);

      await page.goto(`${ready.console}/alerts?state=silenced`);
      const silenced = page.getByRole("listitem").filter({ hasText: sos });
      await silenced.getByText("a drill of the night shift").waitFor();
      await page.goto(`${ready.console}/alerts/silences`);
      await page.getByRole("button", { name: "End it now: a drill of the night shift" }).click();
      await page.getByText("Nothing is silenced.").waitFor();
      await page.getByRole("link", { name: /Also those that ended/ }).click();
      await page.getByText(/^\s*ended at/).waitFor();
      await page.goto(`${ready.console}/alerts?state=firing`);
      await page.getByRole("listitem").filter({ hasText: sos }).waitFor();
    },
  );

  onStage(
    "a delivery is seen with its attempts and answers, and one that was given up is sent again",
    async (stage) => {
      const { page, ready, complaints } = stage;
      let status = 503;
      const receiver = await startReceiver((response) => response.writeHead(status).end("<b>no room</b> today"));
      await withDatabase(stage, async (db) => {
        const { id } = await createEndpoint(db, { url: receiver.url, name: "night shift" });
        try {
          await callForHelp(stage);
          await page.goto(`${ready.console}/alerts/deliveries`);
          const row = page.getByRole("row").filter({ hasText: "night shift" });
          await row.getByText("declined, 503").waitFor();
          await row.getByText("safety-sos, opened").waitFor();
          expect(await complaints()).toEqual([]);
          await row.getByRole("link").click();
          await page.getByText("is tried again at").waitFor();
          await page.getByText("<b>no room</b> today").first().waitFor();
          expect(await complaints()).toEqual([]);

          await disableEndpoint(db, id, "disabled by hand");
          await page.getByRole("button", { name: "Send again" }).waitFor();
          await page.getByRole("button", { name: "Send again" }).click();
          await page.getByText("left out: the endpoint is disabled").waitFor();
          status = 204;
          await enableEndpoint(db, id);
          await page.getByRole("button", { name: "Send again" }).click();
          await page.getByText("delivered, 204").waitFor();
          await page
            .getByText(/delivery replay\s+by console operate@127\.0\.0\.1/)
            .first()
            .waitFor();
          expect(new Set(receiver.received.map((one) => one.id)).size).toBe(1);
          expect(receiver.received.length).toBeGreaterThanOrEqual(2);

          await page.goto(`${ready.console}/alerts/history?rule=safety-sos&last=1h`);
          const told = page.getByRole("row").filter({ hasText: "1 of 1" });
          await told.getByText("opened").waitFor();
          expect(await complaints()).toEqual([]);
          // The page is told anew, here by another zone, while somebody types.
          const field = page.getByLabel("Rule");
          await field.fill("");
          await field.pressSequentially("safety");
          await page.evaluate(`document.querySelector(".switch [aria-pressed=false]").click()`);
          await page.getByRole("button", { name: "Local", exact: true, pressed: true }).waitFor();
          expect(await field.inputValue()).toBe("safety");
          await page.evaluate(`document.querySelector(".switch [aria-pressed=false]").click()`);
          await field.pressSequentially("-none");
          await field.press("Enter");
          await page.getByText("No alert was told in this time.").waitFor();
          expect(new URL(page.url()).searchParams.get("rule")).toBe("safety-none");
          await page.evaluate("localStorage.clear()");
        } finally {
          await deleteEndpoint(db, id);
          await receiver.stop();
        }
      });
    },
  );

  onStage(
    "who may only look sees no person and changes nothing, and a file has no person for anybody",
    async (stage) => {
      const { page, ready, dataDir, browser } = stage;
      const files = await page.request.get(`${ready.console}/api/alerts/history?last=3600000&format=csv`);
      const csv = await files.text();
      expect(files.headers()["content-disposition"]).toContain("alerts.csv");
      expect(csv).toMatch(/^at,rule,severity/);
      expect(csv).toContain(",safety-sos,critical,opened,");
      expect(csv).not.toContain("rdr_1");
      const { console: keys } = JSON.parse(readFileSync(secretsFile(dataDir), "utf8")) as { console: { view: string } };
      const context = await browser.newContext();
      try {
        const other = await context.newPage();
        await other.goto(`${ready.console}/alerts#key=${keys.view}`);
        await other.getByRole("heading", { name: "safety-sos" }).first().waitFor();
        expect(await other.getByRole("main").textContent()).not.toContain("rdr_1");
        expect(await other.getByRole("link", { name: "Silence", exact: true }).count()).toBe(0);
        const refused = await other.request.post(`${ready.console}/api/alerts/deliveries/replay`, { data: {} });
        expect([refused.status(), (await refused.json()).code]).toEqual([403, "console_role_needed"]);
      } finally {
        await context.close();
      }
    },
  );
}
