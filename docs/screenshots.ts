import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { noBrowser, openStage, root, type Stage } from "../test/console/stage.ts";
import { eventually } from "../test/support/wait.ts";
import { type Picture, pictures } from "./pictures/table.ts";
import { furnish } from "./pictures/world.ts";

const folder = join(root, "docs/images");
/** A crowd that fits on a small machine, with more riders than drivers for them here and there. */
const city = { HAILSTREAM_SIMULATE_DRIVERS: "150", HAILSTREAM_SIMULATE_RATE: "40" };

/** Takes all pictures of the console anew, of a pipeline of its own; `names` are those that are taken alone. */
async function takePictures(names: readonly string[]): Promise<void> {
  const stage = await openStage({ demo: true, env: city });
  if (stage === undefined) throw new Error(noBrowser);
  mkdirSync(folder, { recursive: true });
  try {
    const { page, ready } = stage;
    await page.goto(`${ready.console}/#key=${ready.consoleKey}`);
    const leave = await furnish(stage);
    try {
      for (const picture of pictures) {
        if (names.length === 0 || names.includes(picture.name)) await take(stage, picture);
      }
    } finally {
      await leave();
    }
  } finally {
    await stage.end();
  }
  const known = new Set(pictures.map(({ name }) => `${name}.png`));
  for (const file of readdirSync(folder)) if (!known.has(file)) rmSync(join(folder, file));
}

/** One that cannot be taken stays as it was, and the others are taken all the same. */
async function take({ page, ready }: Stage, picture: Picture): Promise<void> {
  const { name, address, needs, when, width = 1440, height } = picture;
  try {
    await page.setViewportSize({ width, height });
    // A choice of the picture before is none of this one's.
    await page.evaluate("localStorage.clear()");
    await page.goto(`${ready.console}${address}`);
    for (const need of needs) await page.locator(need).first().waitFor({ timeout: 60_000 });
    // The page's own policy forbids it to evaluate text, so it is asked from outside.
    if (when !== undefined) await eventually(() => page.evaluate(when), { timeoutMs: 90_000, everyMs: 500 });
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path, animations: "disabled", caret: "hide" });
    process.stderr.write(`${name}.png: ${Math.round(statSync(path).size / 1_000)} kB\n`);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${name}.png was not taken: ${String(error)}\n`);
  }
}

await takePictures(process.argv.slice(2));
