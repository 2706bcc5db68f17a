import { connect } from "node:net";

export type Exchange = {
  /** Everything that was answered. */
  readonly text: string;
  /** The statuses of the answers, in order. */
  readonly statuses: readonly number[];
  /** Whether the server closed the connection. */
  readonly closed: boolean;
  readonly ms: number;
};

/** Far more than a server on a busy machine needs to answer or to close. */
const patienceMs = 60_000;

/**
 * Writes bytes to a server as they are and takes what comes back, until the server closes the connection or `isDone` says so of the text.
 * @param pieces written one after the other, `everyMs` apart
 */
export function exchange(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  options: { readonly everyMs?: number; readonly timeoutMs?: number; isDone?(text: string): boolean } = {},
): Promise<Exchange> {
  const { hostname, port } = new URL(url);
  const begin = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    let next = 0;
    let writing: NodeJS.Timeout | undefined;
    const end = (closed: boolean) => {
      clearTimeout(limit);
      clearInterval(writing);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ text, statuses, closed, ms: performance.now() - begin });
    };
    const limit = setTimeout(() => end(false), options.timeoutMs ?? patienceMs);
    const write = () => {
      const piece = pieces[next++];
      if (piece !== undefined) socket.write(piece);
      else clearInterval(writing);
    };
    socket.on("connect", () => {
      if (options.everyMs === undefined) for (const piece of pieces) socket.write(piece);
      else {
        write();
        writing = setInterval(write, options.everyMs);
      }
    });
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (options.isDone?.(text) === true) end(false);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => end(true));
  });
}
