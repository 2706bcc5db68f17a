import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "../api.ts";
import { useSettings } from "../settings.ts";

export type Asked<T> = {
  /** The newest answer to this question; undefined: there is none yet, or what is asked for is not there. */
  readonly answer: T | undefined;
  /** The same, or the answer to the question before for the time that this one takes. */
  readonly last: T | undefined;
  /** Why there was no answer the last time, in words. What was answered before stays. */
  readonly problem: string | undefined;
  /** Asks at once. */
  again(): void;
};

type State<T> = {
  readonly answered?: { readonly path: string; readonly answer: T };
  readonly failed?: { readonly path: string; readonly problem: string };
};

/**
 * Asks for data for as long as the component is shown and the page is seen.
 * @param path undefined: nothing is asked @param everyMs how long behind each answer it is asked again; undefined: once
 */
export function useAsked<T>(path: string | undefined, everyMs?: number): Asked<T> {
  const { signedOut } = useSettings();
  const [{ answered, failed }, setState] = useState<State<T>>({});
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
        setState({ answered: { path, answer } });
      } catch (error) {
        if (isOver || mine !== turn) return;
        const status = error instanceof ApiError ? error.status : 0;
        if (status === 401) return signedOut();
        // What is not there is not shown; what cannot be asked for is shown as it was.
        const isGone = status === 404 || status === 400;
        const failed = { path, problem: (error as Error).message };
        setState((before) => (isGone ? { failed } : { ...before, failed }));
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
  return {
    answer: answered?.path === path ? answered?.answer : undefined,
    last: answered?.answer,
    problem: failed?.path === path ? failed?.problem : undefined,
    again: () => now.current(),
  };
}
