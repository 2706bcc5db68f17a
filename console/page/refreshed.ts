import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "./api.ts";

/** What was answered last, for which path, and why there is nothing newer. */
export type Refreshed<T> = {
  readonly data: T | undefined;
  /** Of {@link data}: it stays for the time that an answer for another path takes. */
  readonly path: string | undefined;
  readonly problem: string | undefined;
  /** Asks again at once. */
  refresh(): void;
};

/**
 * Asks for a path again and again while the component is shown and the browser's tab is looked at: an answer is followed by the next question after `everyMs`;
 * undefined: it asks once, and when it is told to.
 * @param onRefused when the server wants a sign-in again
 */
export function useRefreshed<T>(path: string, everyMs: number | undefined, onRefused: () => void): Refreshed<T> {
  const [state, setState] = useState<Omit<Refreshed<T>, "refresh">>({
    ...{ data: undefined, path: undefined, problem: undefined },
  });
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askNow = async () => {
      clearTimeout(timer);
      try {
        const data = await ask<T>(path);
        if (isOver) return;
        setState({ data, path, problem: undefined });
      } catch (error) {
        if (isOver) return;
        if (error instanceof ApiError && error.status === 401) return onRefused();
        // What is not there is not shown; what cannot be asked for is shown as it was.
        const isGone = error instanceof ApiError && (error.status === 404 || error.status === 400);
        const problem = (error as Error).message;
        setState((before) => ({ ...(isGone ? { data: undefined, path } : before), problem }));
      }
      if (everyMs !== undefined && !document.hidden) timer = setTimeout(() => void askNow(), everyMs);
    };
    const onVisible = () => {
      if (everyMs !== undefined && !document.hidden) void askNow();
    };
    void askNow();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [path, everyMs, asked]);
  return { ...state, refresh: () => setAsked((n) => n + 1) };
}
