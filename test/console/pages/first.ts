import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { markedParts } from "../../../local/index.ts";
import { type OnStage, root } from "../stage.ts";

/** The first page and the way in. */
export function firstPage(onStage: OnStage): void {
  onStage(
    "nothing is shown without the key; a wrong one is refused, the address of `up` signs in and keeps no key",
    async ({ page, ready, foreign, complaints }) => {
      for (const path of ["/api/flow", "/api/session"]) expect((await fetch(ready.console + path)).status).toBe(401);
      await page.context().clearCookies();
      await page.goto(`${ready.console}/`);
      await page.getByLabel("Console key").fill("wrong-wrong-wrong-wrong-wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      expect(await page.getByRole("alert").textContent()).toContain("none of the console's");
      expect(await complaints()).toEqual([]);
      await page.goto("about:blank");
      foreign.length = 0;
      await page.goto(`${ready.console}/#key=${ready.consoleKey}`);
      await page.getByRole("heading", { level: 1, name: /all right|fault|warning|Looking/ }).waitFor();
      expect(page.url()).toBe(`${ready.console}/`);
      // A new tab has the session.
      await page.reload();
      await page.getByText("Everything is all right").waitFor();
    },
  );

  onStage("the first page shows every station, and the page is usable by all", async ({ page, complaints }) => {
    const names = await page.getByRole("heading", { level: 3 }).allTextContents();
    expect(names).toEqual(["ingest", "kafka", "stream", "stream-stateful", "sinks", "postgres", "audit"]);
    expect(await complaints()).toEqual([]);
    // By the keyboard alone.
    await page.reload();
    await page.getByText("Everything is all right").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
  });

  onStage("an address carries the time zone and the theme, so that whoever gets it sees the same", async (stage) => {
    const { browser, ready } = stage;
    const [sender, receiver] = [await browser.newContext(), await browser.newContext()];
    try {
      const page = await sender.newPage();
      await page.goto(`${ready.console}/topics?sort=name#key=${ready.consoleKey}`);
      await page.getByRole("button", { name: "Local", exact: true }).click();
      await page.getByLabel("Theme").selectOption("dark");
      expect(page.url()).toBe(`${ready.console}/topics?sort=name&zone=local&theme=dark`);
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Audit" }).click();
      await page.getByLabel("Time").selectOption("1h");
      const address = page.url();
      expect(address).toBe(`${ready.console}/audit?last=1h&zone=local&theme=dark`);

      const shared = await receiver.newPage();
      await shared.goto(`${address}#key=${ready.consoleKey}`);
      await shared.getByRole("button", { name: "Local", exact: true, pressed: true }).waitFor();
      expect(await shared.getByLabel("Time").inputValue()).toBe("1h");
      expect(await shared.evaluate("document.documentElement.dataset.theme")).toBe("dark");
      expect(shared.url()).toBe(address);

      // So does a new tab, wherever it is opened from.
      const navigation = page.getByRole("navigation", { name: "Pages" });
      const opened = sender.waitForEvent("page");
      await navigation.getByRole("link", { name: "Groups" }).click({ modifiers: ["ControlOrMeta"] });
      await (await opened).waitForURL(`${ready.console}/groups?zone=local&theme=dark`);
      const inConsole = async () => {
        const script = `[...document.querySelectorAll('main a[href^="/"], nav a[href^="/"]')].map((a) => a.getAttribute("href"))`;
        return (await shared.evaluate<string[]>(script)).filter((href) => !href.startsWith("/api/"));
      };
      const views = await inConsole();
      expect(views.length).toBeGreaterThan(10);
      for (const view of [...views, "/docs/console?zone=local&theme=dark"]) {
        await shared.goto(ready.console + view);
        await shared.locator('main a[href^="/docs/"], main h1, main table a').first().waitFor();
        expect((await inConsole()).filter((href) => !/[?&]zone=local&theme=dark(#|$)/.test(href))).toEqual([]);
      }

      // A step back changes the view and not what was chosen since.
      await page.getByRole("button", { name: "UTC", exact: true }).click();
      await page.getByLabel("Theme").selectOption("auto");
      await page.goBack();
      await page.goBack();
      await page.waitForURL(`${ready.console}/topics?sort=name&zone=utc`);
      expect(await page.evaluate("document.documentElement.dataset.theme")).toBeUndefined();
    } finally {
      await sender.close();
      await receiver.close();
    }
  });

  onStage(
    "a sink that hangs is named, with what is safe and what to do, and is forgotten when it goes on",
    async ({ page, dataDir, complaints }) => {
      const pid = markedParts(dataDir).find(({ name }) => name === "sinks")?.pid ?? 0;
      process.kill(pid, "SIGSTOP");
      try {
        const fault = page.getByRole("listitem").filter({ hasText: "sinks does not answer: nothing came within 2 s." });
        await fault.waitFor();
        // A machine that stands still for a moment silences others, too, until they are asked again.
        await page.getByRole("heading", { level: 1, name: "1 fault" }).waitFor();
        for (const words of ["Since", "What is safe", "nothing is lost", "What to do", "hailstream status"]) {
          expect(await fault.textContent()).toContain(words);
        }
        expect(await complaints()).toEqual([]);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await page.getByText("Everything is all right").waitFor();
    },
  );

  onStage("the page is small", async () => {
    const assets = join(root, "console/dist/assets");
    const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThan(200_000);
  });
}
