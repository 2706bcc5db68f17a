import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase, markedParts, type ReadyLine } from "../../local/index.ts";
import { eventually } from "../support/wait.ts";

/** Where Debian and other distributions put it. */
const program = [process.env.CHROMIUM_PATH ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== "" && existsSync(path),
);
const root = resolve(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-console-"));
const place = ["--data-dir", dataDir, "--port-base", String(await findFreePortBase())];

let up: ReturnType<typeof spawn>;
let ended: Promise<unknown>;
let ready: ReadyLine;
let browser: Browser;
let page: Page;
/** What the page asked of anybody but the console, and what its own policy had to stop. */
const foreign: string[] = [];
const stopped: string[] = [];

beforeAll(async () => {
  if (program === undefined) return;
  up = spawn(process.execPath, [join(root, "main.ts"), "up", "--json", "--no-demo", ...place], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  ended = new Promise((finish) => up.once("close", finish));
  let line = "";
  up.stdout?.on("data", (data: Buffer) => {
    line += data.toString();
  });
  await eventually(() => line.includes("\n"), { timeoutMs: 200_000 });
  ready = JSON.parse(line) as ReadyLine;
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.on("request", (request) => {
    if (!request.url().startsWith(`${ready.console}/`)) foreign.push(request.url());
  });
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) stopped.push(message.text());
  });
  page.on("pageerror", (error) => stopped.push(String(error)));
});

afterAll(async () => {
  if (program !== undefined) {
    await browser?.close();
    up.kill("SIGINT");
    await ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

const skipped = "There is no Chromium: apt-get install chromium, or CHROMIUM_PATH";

/** Serious and critical findings of axe in both themes, wide and narrow. */
async function complaints(): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1440, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
        };
        return (await axe.run()).violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`);
      });
      found.push(
        ...violations
          .filter((each) => /^(serious|critical)/.test(each))
          .map((each) => `${colorScheme} ${width}: ${each}`),
      );
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      if (Number(overflow) > 0) found.push(`${colorScheme} ${width}: the page is ${overflow} px too wide`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

test("nothing is shown without the key; a wrong one is refused, the address of `up` signs in and keeps no key", async ({
  skip,
}) => {
  skip(program === undefined, skipped);
  for (const path of ["/api/flow", "/api/session"]) expect((await fetch(ready.console + path)).status).toBe(401);
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
});

test("the first page shows every station, and the page is usable by all", async ({ skip }) => {
  skip(program === undefined, skipped);
  const names = await page.getByRole("heading", { level: 3 }).allTextContents();
  expect(names).toEqual(["ingest", "kafka", "stream", "stream-stateful", "sinks", "postgres", "audit"]);
  expect(await complaints()).toEqual([]);
  // By the keyboard alone.
  await page.reload();
  await page.getByText("Everything is all right").waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
});

test("a sink that hangs is named within seconds, with what is safe and what to do, and is forgotten when it goes on", async ({
  skip,
}) => {
  skip(program === undefined, skipped);
  const pid = markedParts(dataDir).find(({ name }) => name === "sinks")?.pid ?? 0;
  process.kill(pid, "SIGSTOP");
  try {
    const fault = page.getByRole("listitem").filter({ hasText: "sinks does not answer: nothing came within 2 s." });
    await fault.waitFor({ timeout: 10_000 });
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("1 fault");
    for (const words of ["Since", "What is safe", "nothing is lost", "What to do", "hailstream status"]) {
      expect(await fault.textContent()).toContain(words);
    }
    expect(await complaints()).toEqual([]);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await page.getByText("Everything is all right").waitFor({ timeout: 20_000 });
});

test("all of it came from the console itself, none of it was stopped by the policy, and it is small", ({ skip }) => {
  skip(program === undefined, skipped);
  expect(foreign).toEqual([]);
  expect(stopped).toEqual([]);
  const assets = join(root, "console/dist/assets");
  const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThan(200_000);
});
