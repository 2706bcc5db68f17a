import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { findFreePortBase, type ReadyLine } from "../../local/index.ts";
import { eventually } from "../support/wait.ts";

/** Where Debian and other distributions put it. */
const program = [process.env.CHROMIUM_PATH ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== "" && existsSync(path),
);
export const root = resolve(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A whole pipeline and a browser before it; what the tests of all pages share. */
export type Stage = {
  readonly ready: ReadyLine;
  readonly dataDir: string;
  readonly browser: Browser;
  readonly page: Page;
  /** What the page asked of anybody but the console, and what its own policy had to stop. */
  readonly foreign: string[];
  readonly stopped: string[];
  /** Serious and critical findings of axe in both themes, wide and narrow, on the page that is shown. */
  complaints(): Promise<string[]>;
  end(): Promise<void>;
};

/** A test on the stage, which is open by then. The tests of a page are a function of this in its own file below pages/, which test-pages.ts calls. */
export type OnStage = (name: string, run: (stage: Stage) => Promise<void>, timeoutMs?: number) => void;

/** How long a page may take for whatever a test waits for: a busy machine needs long, and a test is not timed. */
const patienceMs = 120_000;

type StageOptions = { readonly demo?: boolean; readonly env?: Readonly<Record<string, string>> };

export const noBrowser = "There is no Chromium: apt-get install chromium, or CHROMIUM_PATH";

/** Starts both; undefined without a browser, which is no failure of ours. @param demo with the traffic of the simulated city, which takes its options from `env` */
export async function openStage({ demo = false, env = {} }: StageOptions = {}): Promise<Stage | undefined> {
  if (program === undefined) return undefined;
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-console-"));
  const place = ["--data-dir", dataDir, "--port-base", String(await findFreePortBase())];
  const up = spawn(
    process.execPath,
    [join(root, "main.ts"), "up", "--json", ...(demo ? [] : ["--no-demo"]), ...place],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    },
  );
  const ended = new Promise((finish) => up.once("close", finish));
  let line = "";
  up.stdout?.on("data", (data: Buffer) => {
    line += data.toString();
  });
  await eventually(() => line.includes("\n"), { timeoutMs: 200_000 });
  const ready = JSON.parse(line) as ReadyLine;
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  browser.on("context", (context) => context.setDefaultTimeout(patienceMs));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const foreign: string[] = [];
  const stopped: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${ready.console}/`)) foreign.push(request.url());
  });
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) stopped.push(message.text());
  });
  page.on("pageerror", (error) => stopped.push(String(error)));
  return {
    ...{ ready, dataDir, browser, page, foreign, stopped },
    complaints: () => complaintsOf(page),
    async end() {
      await browser.close();
      up.kill("SIGINT");
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function complaintsOf(page: Page): Promise<string[]> {
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
