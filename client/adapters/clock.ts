import type { Clock } from "../ports.ts";

/** The clocks of the platform. Its timers keep no Node process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    // Longer delays overflow to none.
    const timer: unknown = setTimeout(callback, Math.min(ms, 2_147_483_647));
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer as number);
  },
};
