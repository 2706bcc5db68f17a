import { useEffect, useState } from "preact/hooks";

export type Role = "view" | "operate";

/** What went wrong with a request, in words for the person who looks. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks the console. @param init a body as JSON, or a text as it is @throws ApiError */
export async function ask<T>(
  path: string,
  init: { readonly method?: string; readonly body?: unknown; readonly text?: string } = {},
): Promise<T> {
  const { method = "GET", body, text } = init;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      ...(text === undefined ? {} : { body: text, headers: { "content-type": "text/plain; charset=utf-8" } }),
    });
  } catch {
    throw new ApiError(0, "The console does not answer. Is hailstream running?");
  }
  if (response.status === 204) return undefined as T;
  const answer = (await response.json().catch(() => ({}))) as { readonly detail?: string };
  if (!response.ok) throw new ApiError(response.status, answer.detail ?? `The console answers ${response.status}.`);
  return answer as T;
}

/** The role of who is signed in; undefined while nobody is. */
export async function roleNow(): Promise<Role | undefined> {
  try {
    return (await ask<{ role: Role }>("/api/session")).role;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return undefined;
    throw error;
  }
}

/** The state of a stream of server-sent events. A browser connects again by itself. */
export type Connection = "connecting" | "open" | "broken";

/**
 * Follows server-sent events for as long as the component is shown. The handlers are those of the render in which `path` was new.
 * @param onRefused when the server wants a sign-in again
 */
export function useEventStream(
  path: string,
  names: readonly string[],
  on: (name: string, data: unknown) => void,
  onRefused: () => void,
): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(() => {
    let source: EventSource | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      setConnection("connecting");
      source = new EventSource(path);
      source.onopen = () => setConnection("open");
      source.onerror = () => {
        setConnection("broken");
        // A refusal ends it for good; only a question tells whether it is one.
        if (source?.readyState !== EventSource.CLOSED) return;
        void roleNow()
          .then((role) => {
            if (role === undefined) onRefused();
          })
          // The console is away, which the page says already; the retry asks again.
          .catch(() => undefined);
        clearTimeout(retry);
        retry = setTimeout(open, 2_000);
      };
      for (const name of names) {
        source.addEventListener(name, (event) => on(name, JSON.parse((event as MessageEvent<string>).data)));
      }
    };
    open();
    return () => {
      clearTimeout(retry);
      source?.close();
    };
  }, [path]);
  return connection;
}

/** Signs in with a key. @throws ApiError */
export async function signInWith(key: string): Promise<Role> {
  return (await ask<{ role: Role }>("/api/session", { method: "POST", body: { key } })).role;
}
