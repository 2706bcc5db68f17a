import { readFileSync } from "node:fs";
import { clockFileVariable } from "./clock.ts";

/*
 * Loaded before a service by NODE_OPTIONS: its wall clock is off by what a file says, as if somebody had set it. What goes by a monotonic clock (timers,
 * performance.now) does not notice, as on a real machine.
 */

const everyMs = 50;
const file = process.env[clockFileVariable];
const RealDate = Date;
const realNow = RealDate.now;
let shiftMs = 0;

function readShift(path: string): void {
  try {
    shiftMs = Number(readFileSync(path, "utf8")) || 0;
  } catch {
    // Not written yet.
  }
}

const now = () => realNow() + shiftMs;

if (file !== undefined) {
  readShift(file);
  setInterval(() => readShift(file), everyMs).unref();
  RealDate.now = now;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
    apply: () => new RealDate(now()).toString(),
  });
}
