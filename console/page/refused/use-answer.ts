import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "../api.ts";
import { useSettings } from "../settings.ts";

export type Answered<T> = {
  readonly answer: T | undefined;
  /** Why there is none, or why the one that is shown is old. */
  readonly problem: string | undefined;
  /** Asks at once. */
  again(): void;
};

/** Asks for data when `path` is new, and again and again while somebody looks; `everyMs` 0: once. What was answered for another path is not shown. */
export function useAnswer<T>(path: string, everyMs = 0): Answered<T> {
  const { signedOut } = useSettings();
  const [seen, setSeen] = useState<{ readonly path: string; readonly answer: T }>();
  const [problem, setProblem] = useState<string>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      try {
        if (document.visibilityState === "visible" || everyMs === 0) {
          const answer = await ask<T>(path);
          if (isOver) return;
          setSeen({ path, answer });
          setProblem(undefined);
        }
      } catch (error) {
        if (isOver) return;
        if (error instanceof ApiError && error.status === 401) return signedOut();
        setProblem((error as Error).message);
      }
      if (everyMs > 0) timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, turn]);
  return { answer: seen?.path === path ? seen.answer : undefined, problem, again: () => setTurn((n) => n + 1) };
}
