import type { Lifecycle } from "../ports.ts";

/** What is used of React Native's `AppState`. */
export type AppStateLike = {
  addEventListener(type: "change", listener: (state: string) => void): { remove(): void };
};

/** The life of a React Native app: to the background, and to the front again. */
export function reactNativeLifecycle(appState: AppStateLike): Lifecycle {
  const on = (wanted: (state: string) => boolean, callback: () => void) => {
    const subscription = appState.addEventListener("change", (state) => {
      if (wanted(state)) callback();
    });
    return () => subscription.remove();
  };
  return {
    onLeave: (callback) => on((state) => state !== "active", callback),
    onReturn: (callback) => on((state) => state === "active", callback),
  };
}
