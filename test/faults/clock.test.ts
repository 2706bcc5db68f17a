import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { createClock } from "./clock.ts";

const dir = mkdtempSync(join(tmpdir(), "hailstream-clock-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Tells on request what its clocks show: Date.now, new Date, Date as a function, and how long it has lived. */
const program = `
const began = performance.now();
process.stdin.on("data", () => {
  const date = new Date();
  const same = date instanceof Date && new Date(0).getTime() === 0 && Date.parse("1970-01-01T00:00:01Z") === 1000;
  console.log(JSON.stringify([Date.now(), date.getTime(), Date.parse(Date()), performance.now() - began, same]));
});`;

test("the wall clock of a process goes ahead and back as it is told, and nothing else does", async () => {
  const clock = createClock(join(dir, "clock"), "");
  clock.set(-180_000);
  const child = spawn(process.execPath, ["--eval", program], { env: { ...process.env, ...clock.variables } });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async () => {
      child.stdin.write("?");
      return JSON.parse((await lines.next()).value as string) as [number, number, number, number, boolean];
    };
    /** Asks until the clock shows the shift. */
    const shows = async (shiftMs: number) => {
      for (;;) {
        const [now, ...others] = await ask();
        if (Math.abs(now - Date.now() - shiftMs) < 30_000) return [now, ...others] as const;
      }
    };
    for (const shiftMs of [-180_000, 300_000, 0]) {
      clock.set(shiftMs);
      const [now, made, called, lived, isDate] = await shows(shiftMs);
      expect(made - now).toBeLessThan(30_000);
      expect(Math.abs(called - now)).toBeLessThan(30_000);
      expect(lived).toBeLessThan(120_000);
      expect(isDate).toBe(true);
    }
  } finally {
    child.kill("SIGKILL");
  }
});
