import { connect, type Socket } from "node:net";
import type { FuzzInput } from "./input.ts";

/** What came back. */
export type Outcome = {
  /** Of the answers, in order. */
  readonly statuses: readonly number[];
  /** Of the first answer. */
  readonly text: string;
  /** "hung": neither an answer nor an end in time. */
  readonly end: "answered" | "closed" | "hung" | "refused";
};

/** Far above what the server's own time-outs allow. */
const patienceMs = 60_000;
/** How long after its last bytes the server may send more. */
const quietMs = 10;

/** One connection at a time, opened when it is needed and kept for as long as the server keeps it. */
export type Lane = {
  send(input: FuzzInput): Promise<Outcome>;
  close(): void;
};

export function openLane(url: string): Lane {
  const { hostname, port } = new URL(url);
  const open = () => connect({ host: hostname, port: Number(port), noDelay: true });
  let kept: Socket | undefined;

  function ask(input: FuzzInput): Promise<Outcome> {
    const wasKept = kept !== undefined;
    const socket = kept ?? open();
    kept = undefined;
    return new Promise((resolve) => {
      let answer: Answer = nothing;
      const finish = (end: Outcome["end"], keep: boolean) => {
        clearTimeout(limit);
        socket.removeAllListeners();
        socket.on("error", () => undefined);
        if (keep) kept = socket;
        // Thousands of connections a second: without a farewell, so that their ports can be used again.
        else socket.resetAndDestroy();
        resolve({ statuses: statusesOf(answer.begin), text: answer.begin.slice(0, 2_000), end });
      };
      const limit = setTimeout(() => finish("hung", false), patienceMs);
      let refused = false;
      let quiet: NodeJS.Timeout | undefined;
      socket.on("data", (chunk) => {
        answer = longer(answer, chunk);
        if (input.whole) {
          if (isWhole(answer)) finish("answered", !/\r\nconnection: close\r\n/i.test(answer.begin));
        } else if (quiet === undefined) quiet = setTimeout(() => finish("answered", false), quietMs);
        else quiet.refresh();
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        refused = error.code === "ECONNREFUSED";
      });
      socket.on("close", () => {
        clearTimeout(quiet);
        // The server may end a connection that nobody used for a while in the very moment of the next request: clients ask again.
        if (wasKept && answer.length === 0) {
          clearTimeout(limit);
          resolve(ask(input));
        } else finish(refused ? "refused" : answer.length === 0 ? "closed" : "answered", false);
      });
      socket.write(input.bytes);
      // Incomplete requests would wait for the server's time-out: the end of the client's side tells it that no more comes. Not at once,
      // since then whole ones would lose their answers.
      if (!input.whole) setTimeout(() => socket.end(), quietMs);
    });
  }

  return { send: ask, close: () => void kept?.destroy() };
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** What has come so far: a stream's answer may be long, and only its ends are looked at. */
type Answer = { readonly length: number; readonly begin: string; readonly end: string };
const nothing: Answer = { length: 0, begin: "", end: "" };
const maxKept = 64 * 1024;
const endOfChunks = "\r\n0\r\n\r\n";

function longer({ length, begin, end }: Answer, chunk: Buffer): Answer {
  return {
    length: length + chunk.length,
    begin: begin.length > maxKept ? begin : begin + chunk.toString("latin1"),
    end: (end + chunk.subarray(-endOfChunks.length).toString("latin1")).slice(-endOfChunks.length),
  };
}

function isWhole({ length, begin, end }: Answer): boolean {
  // 100 is not the last word.
  const from = begin.startsWith("HTTP/1.1 100 ") ? begin.indexOf("\r\n\r\n") + 4 : 0;
  const headEnd = begin.indexOf("\r\n\r\n", from);
  if (headEnd < 0) return false;
  const head = begin.slice(from, headEnd);
  const announced = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (announced !== undefined) return length >= headEnd + 4 + Number(announced);
  // Lines of JSON hold no carriage return, so this is the end of all chunks.
  return !/\r\ntransfer-encoding: chunked/i.test(head) || end === endOfChunks;
}
