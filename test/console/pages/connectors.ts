import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import type { OnStage } from "../stage.ts";

/** The page of connectors. */
export function connectorPages(onStage: OnStage): void {
  onStage(
    "connectors are paused, resumed, restarted and set back by operate, and who did it is written down",
    async (stage) => {
      const { ready, page, complaints } = stage;
      await page.goto(`${ready.console}/connectors`);
      const row = page.getByRole("row").filter({ hasText: "PostgresSink" });
      await eventually(async () => expect(await row.textContent()).toContain("runs"));
      expect(await complaints()).toEqual([]);
      await row.getByRole("link", { name: "events", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "events" }).waitFor();
      const state = page.locator(".facts-line").getByTitle(/RUNNING|PAUSED|STOPPED/);
      const press = async (name: string, then: string) => {
        await page.getByRole("button", { name, exact: true }).click();
        await eventually(async () => expect(await state.textContent()).toContain(then));
      };
      await press("Pause", "rests");
      const wanted = async () =>
        (await fetch(`${ready.connectors}/connectors/events/status`)).json() as Promise<{
          connector: { state: string };
        }>;
      expect((await wanted()).connector.state).toBe("PAUSED");
      await press("Resume", "runs");
      await press("Restart", "runs");
      await press("Stop", "stopped");
      await page.getByText("Everything that Kafka still has is read again.").waitFor();
      expect(await complaints()).toEqual([]);
      // Nothing is done before somebody has read what comes of it.
      const change = page.getByRole("button", { name: "Change offsets" });
      expect(await change.isDisabled()).toBe(true);
      await page.getByLabel("I have read what comes of it").check();
      await change.click();
      await page.getByText("It goes on from there when it is resumed.").waitFor();
      const offsets = (await (await fetch(`${ready.connectors}/connectors/events/offsets`)).json()) as {
        offsets: { offset: { kafka_offset: number } }[];
      };
      expect(offsets.offsets.every(({ offset }) => offset.kafka_offset === 0)).toBe(true);
      await press("Resume", "runs");
      const done = page.getByRole("region", { name: "Done to it" }).getByRole("row");
      await eventually(async () => expect(await done.count()).toBe(7));
      const lines = (await done.allTextContents()).slice(1).join("\n");
      for (const words of [
        "pause",
        "resume",
        "restart",
        "stop",
        "offsets: all from the beginning",
        "console operate@",
      ]) {
        expect(lines).toContain(words);
      }
    },
  );

  onStage("a connector that there is not is told of; the role view sees no buttons and cannot act", async (stage) => {
    const { ready, page, browser } = stage;
    await page.goto(`${ready.console}/connectors/none`);
    expect(await page.getByRole("alert").textContent()).toContain("none");
    const context = await browser.newContext();
    const other = await context.newPage();
    const { view } = JSON.parse(readFileSync(join(stage.dataDir, "secrets.json"), "utf8")).console;
    await other.goto(`${ready.console}/connectors/events#key=${view}`);
    await other.getByText("The role operate may pause").waitFor();
    expect(await other.getByRole("button", { name: "Pause" }).count()).toBe(0);
    const status = await other.evaluate(
      async () => (await fetch("/api/connectors/named/events/pause", { method: "POST" })).status,
    );
    expect(status).toBe(403);
    await context.close();
  });
}
