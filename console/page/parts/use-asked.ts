import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "../api.ts";
import { useSettings } from "../settings.ts";

export type Asked<T> = {
  /** The newest answer to this question; undefined: there is none yet. */
  readonly answer: T | undefined;
  /** Why there was no answer the last time, in words. What was answered before stays. */
  readonly problem: string | undefined;
  /** Asks at once. */
  again(): void;
};

/**
 * Asks for data for as long as the component is shown and the page is seen.
 * @param path undefined: nothing is asked @param everyMs how long behind each answer it is asked again; undefined: once
 */
export function useAsked<T>(path: string | undefined, everyMs?: number): Asked<T> {
  const { signedOut } = useSettings();
  const [state, setState] = useState<{ readonly path?: string; readonly answer?: T; readonly problem?: string }>({});
  const now = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (path === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    let isOver = false;
    const run = async () => {
      clearTimeout(timer);
      if (isOver) return;
      const mine = ++turn;
      try {
        const answer = await ask<T>(path);
        if (isOver || mine !== turn) return;
        setState({ path, answer });
      } catch (error) {
        if (isOver || mine !== turn) return;
        if (error instanceof ApiError && error.status === 401) return signedOut();
        const { message } = error as Error;
        setState((before) => (before.path === path ? { ...before, problem: message } : { path, problem: message }));
      }
      if (everyMs !== undefined) timer = setTimeout(() => void (document.hidden ? rest() : run()), everyMs);
    };
    // A page in the background asks nothing.
    const rest = () => document.addEventListener("visibilitychange", () => void run(), { once: true });
    now.current = () => void run();
    void run();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  const isOurs = state.path === path;
  return {
    answer: isOurs ? state.answer : undefined,
    problem: isOurs ? state.problem : undefined,
    again: () => now.current(),
  };
}
