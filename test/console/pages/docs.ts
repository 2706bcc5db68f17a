import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import type { OnStage, Stage } from "../stage.ts";

/** How far below the upper edge of the window a heading stands. */
const topOf = async ({ page }: Stage, id: string) => (await page.locator(`[id="${id}"]`).boundingBox())?.y ?? -1;

/** The documentation in the console. */
export function docPages(onStage: OnStage): void {
  onStage("the documentation is read in the console, from page to page and to an anchor", async (stage) => {
    const { page, ready, complaints } = stage;
    await page.goto(`${ready.console}/`);
    await page.getByRole("link", { name: "Docs", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "hailstream" }).waitFor();
    expect(page.url()).toBe(`${ready.console}/docs`);
    await page.getByText("npm start", { exact: true }).first().waitFor();
    expect(await complaints()).toEqual([]);

    await page.getByRole("link", { name: "docs/console.md" }).first().click();
    await page.getByRole("heading", { level: 1, name: "The console" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/docs/console");
    // Told behind the picture of the page.
    await eventually(async () => expect(await page.title()).toBe("The console · hailstream"));
    const pages = page.getByRole("navigation", { name: "All pages" });
    expect(await pages.getByRole("link", { name: "The console" }).getAttribute("aria-current")).toBe("page");
    await page.getByRole("navigation", { name: "On this page" }).getByRole("link", { name: "Alerts" }).click();
    await eventually(async () => expect(Math.abs(await topOf(stage, "alerts"))).toBeLessThan(40));
    expect(new URL(page.url()).hash).toBe("#alerts");
    expect(await complaints()).toEqual([]);

    await pages.getByRole("link", { name: "Compared with" }).click();
    await page.getByRole("heading", { level: 1, name: /^Compared with Snowplow/ }).waitFor();
    await eventually(async () => expect(await page.evaluate("scrollY")).toBe(0));
    expect(await complaints()).toEqual([]);
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "The console" }).waitFor();
  });

  onStage("an address leads to its anchor, and one that no page has is told as such", async (stage) => {
    const { page, ready, complaints } = stage;
    await page.goto(`${ready.console}/docs/errors#event_too_large`);
    await page.getByRole("heading", { name: "event_too_large" }).waitFor();
    await eventually(async () => expect(Math.abs(await topOf(stage, "event_too_large"))).toBeLessThan(40));
    expect(await complaints()).toEqual([]);
    for (const address of ["docs/none", "docs/../package", "docs/%2e%2e%2fpackage"]) {
      await page.goto(`${ready.console}/${address}`);
      await page.getByRole("heading", { level: 1, name: /^There is (no such page|nothing here)$/ }).waitFor();
    }
    const asked = await page.request.get(`${ready.console}/api/docs/page?at=../package.json`);
    expect([asked.status(), (await asked.json()).code]).toEqual([404, "console_path_unknown"]);
  });

  onStage("the search finds a section in all of the documentation, and is an address", async (stage) => {
    const { page, ready, complaints } = stage;
    await page.goto(`${ready.console}/docs`);
    await page.getByLabel("Find in the documentation").fill("silence reason");
    await page.getByRole("link", { name: "Alerts › Silences" }).waitFor();
    expect(new URL(page.url()).searchParams.get("find")).toBe("silence reason");
    expect(await complaints()).toEqual([]);
    await page.reload();
    await page.getByRole("link", { name: "Alerts › Silences" }).click();
    await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
    await eventually(async () => expect(Math.abs(await topOf(stage, "silences"))).toBeLessThan(40));
    await page.goto(`${ready.console}/docs?find=no+such+words+anywhere+at+all`);
    await page.getByText("Nothing has all these words").waitFor();
  });

  onStage("the documentation is reached and read by keyboard, also on a telephone", async (stage) => {
    const { page, ready, complaints } = stage;
    await page.goto(`${ready.console}/docs/alerts`);
    await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
    await page.getByRole("link", { name: "Skip to the page" }).focus();
    await page.keyboard.press("Enter");
    await eventually(() => expect(new URL(page.url()).hash).toBe("#doc"));
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.closest('article') !== null")).toBe(true);

    await page.setViewportSize({ width: 390, height: 844 });
    const pages = page.getByRole("navigation", { name: "All pages" });
    const storage = pages.getByRole("link", { name: "Storage", exact: true });
    await eventually(async () => expect(await storage.isVisible()).toBe(false));
    await pages.locator("summary").focus();
    await page.keyboard.press("Enter");
    await storage.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Storage" }).waitFor();
    expect(await complaints()).toEqual([]);
  });
}
