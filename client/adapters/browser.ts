/// <reference lib="dom" />
import type { Lifecycle } from "../ports.ts";

/** The life of a page: hidden or closed, shown again, online again. */
export function browserLifecycle(): Lifecycle {
  return {
    onLeave(callback) {
      const hidden = () => document.visibilityState === "hidden" && callback();
      return all([listen(document, "visibilitychange", hidden), listen(window, "pagehide", callback)]);
    },
    onReturn(callback) {
      const shown = () => document.visibilityState === "visible" && callback();
      return all([listen(document, "visibilitychange", shown), listen(window, "online", callback)]);
    },
  };
}

function listen(target: EventTarget, name: string, callback: () => void): () => void {
  target.addEventListener(name, callback);
  return () => target.removeEventListener(name, callback);
}

function all(endings: readonly (() => void)[]): () => void {
  return () => {
    for (const end of endings) end();
  };
}
