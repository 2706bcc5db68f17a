import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { v7 as uuidv7 } from "uuid";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import { type OnStage, root, type Stage } from "../stage.ts";
import { locationEvent, post, saved } from "./live-load.ts";

const row = (page: Page, text: string) => page.locator(".tall .row").filter({ hasText: text });

/** Opens the live page and waits until everything that arrives is read. */
async function openLive({ page, ready }: Stage, query = ""): Promise<void> {
  // Else an address that differs behind # only would not be loaded.
  await page.goto("about:blank");
  await page.goto(`${ready.console}/live${query}#key=${ready.consoleKey}`);
  await page.getByRole("heading", { name: /^Nothing (has arrived|fits) yet$/ }).waitFor({ timeout: 30_000 });
}

export function testLive(onStage: OnStage): void {
  onStage("an event that was posted is in the list within a second", async (stage) => {
    const { page, complaints } = stage;
    await openLive(stage);
    expect(await complaints()).toEqual([]);
    const took: number[] = [];
    for (let n = 0; n < 5; n++) {
      const driver = `drv_first${n}`;
      const begun = performance.now();
      const results = await post(stage, [locationEvent(driver)]);
      expect(results).toMatchObject([{ status: "accepted" }]);
      await row(page, driver).first().waitFor();
      took.push(performance.now() - begun);
    }
    process.stdout.write(`from the post to the list: ${took.map(Math.round).join(", ")} ms\n`);
    expect(took.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  onStage(
    "it opens to its data, schema, headers, bytes, and its way to the row, the alert and the delivery",
    async (stage) => {
      const { page, dataDir, complaints } = stage;
      const receiver = createServer((_request, response) => response.writeHead(204).end()).listen(0, "127.0.0.1");
      await once(receiver, "listening");
      try {
        const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
        const create = ["endpoints", "create", "--url", url, "--data-dir", dataDir, "--json"];
        expect(spawnSync(process.execPath, [join(root, "main.ts"), ...create]).status).toBe(0);
        await openLive(stage, "?type=safety.*");
        const id = uuidv7();
        const data = {
          sos_id: `sos_${id}`,
          person_id: "rdr_live",
          reported_by: "rider",
          latitude: 40.7,
          longitude: -74,
        };
        const event = { specversion: "1.0", id, type: "safety.sos", source: "/apps/rider/test" };
        await post(stage, [{ ...event, time: new Date().toISOString(), data: { ...data, trip_id: null, note: null } }]);
        // By the keyboard alone.
        const link = row(page, "rdr_live").getByRole("link");
        await link.focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: "safety.sos" }).waitFor();
        expect(new URL(page.url()).pathname).toMatch(/^\/live\/safety\/\d+\/\d+$/);
        const part = (name: string) =>
          page.locator(".part").filter({ has: page.getByRole("heading", { name, exact: true }) });
        await part("Event").getByText("hailstream.events.SafetySos, version 1 (id").waitFor();
        expect(await part("Event").textContent()).toContain(id);
        expect(JSON.parse((await page.getByLabel("Data", { exact: true }).textContent()) ?? "")).toMatchObject(data);
        expect(await part("Headers").textContent()).toContain("/apps/rider/test");
        const bytes = await page.getByLabel("Original bytes").textContent();
        expect(bytes).toMatch(/^0000 {2}00 /);
        expect(bytes?.replaceAll(/\n.{55}|^.{55}/g, "")).toContain("rdr_live");
        // The alert is told and delivered some time later.
        await eventually(
          async () => {
            await page.getByRole("button", { name: "Look again" }).click();
            await expect.poll(() => page.locator(".steps").textContent(), { timeout: 5_000 }).toContain("delivered to");
          },
          { timeoutMs: 60_000 },
        );
        const steps = (await page.locator(".steps strong").allTextContents()).join(" ");
        expect(steps).toBe("ingest kafka postgres alert webhook");
        expect(await page.locator(".outcome").textContent()).toContain("is stored");
        expect(await complaints()).toEqual([]);
        // The address is the event's own, and the list is not lost by looking.
        const address = page.url();
        await page.getByRole("link", { name: "Live events" }).click();
        await row(page, "rdr_live").waitFor();
        expect(new URL(page.url()).search).toBe("?type=safety.*");
        await page.goto(address);
        await page.getByText(id).first().waitFor();
        await page.getByRole("link", { name: "Live events" }).click();
        await page.getByLabel("Find an event by its id").fill(id);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: id }).waitFor();
        await page.locator(".outcome").getByText("It is stored.").waitFor({ timeout: 60_000 });
        await page.goto(address.replace(/\d+$/, "999999"));
        await page.getByRole("alert").getByText("no such event").waitFor();
      } finally {
        receiver.close();
      }
    },
  );

  onStage("paused it stands still, loses nothing, and goes on", async (stage) => {
    const { page } = stage;
    await openLive(stage);
    await post(stage, [locationEvent("drv_before")]);
    await row(page, "drv_before").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await post(stage, [locationEvent("drv_later"), locationEvent("drv_later")]);
    await page.getByRole("button", { name: "Go on (2 new)" }).click();
    await row(page, "drv_later").first().waitFor();
    expect(await page.locator(".tall .row").count()).toBe(3);
  });

  onStage("the role view sees no personal value, and nobody saves one", async (stage) => {
    const { browser, ready, dataDir } = stage;
    const secrets = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8")) as { console: { view: string } };
    const context = await browser.newContext();
    const page = await context.newPage();
    const heard: string[] = [];
    page.on("response", async (response) => {
      if (response.url().includes("/api/live/")) heard.push(await response.text().catch(() => ""));
    });
    try {
      await page.goto(`${ready.console}/live#key=${secrets.console.view}`);
      await page.getByRole("heading", { name: "Nothing has arrived yet" }).waitFor({ timeout: 30_000 });
      await openLive(stage);
      await post(stage, [locationEvent("drv_secret")]);
      await row(page, "driver.location").waitFor();
      await row(stage.page, "drv_secret").waitFor();
      expect(await row(page, "driver.location").textContent()).toContain("(personal, masked)");
      for (const text of [await saved({ ...stage, page }), await saved(stage), await saved(stage, "CSV")]) {
        expect(text).toContain("driver.location");
        expect(text).not.toMatch(/drv_secret|40\.7484/);
      }
      await row(page, "driver.location").getByRole("link").click();
      await page.getByText("Personal fields are masked").waitFor();
      await page.locator(".outcome").waitFor();
      for (const text of [await page.content(), ...heard]) expect(text).not.toMatch(/drv_secret|40\.7484/);
      expect(heard.length).toBeGreaterThan(1);
      expect(await page.getByLabel("Original bytes").count()).toBe(0);
    } finally {
      await context.close();
    }
  });
}
