import type { Request, Response } from "express";

/** One browser that listens to server-sent events. */
export type EventStream = {
  /** Sends a value under a name; false when the browser has not taken what it was sent before, and then it is not sent. */
  send(name: string, value: unknown): boolean;
  /** Called once, when the browser or the server ends it. */
  onEnd(run: () => void): void;
};

export type EventStreams = {
  open(request: Request, response: Response): EventStream;
  /** Ends all, as the server stops. */
  endAll(): void;
  readonly count: number;
};

/** A comment so often keeps proxies from ending a quiet connection, and shows that a browser has gone. */
const beatMs = 15_000;

/**
 * Streams of server-sent events. What waits for a slow browser is bounded by what its connection takes: beyond that nothing is kept, and whoever sends
 * decides what to leave out.
 */
export function createEventStreams(): EventStreams {
  const responses = new Set<Response>();
  return {
    get count() {
      return responses.size;
    },
    open(request, response) {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
      response.flushHeaders();
      request.socket.setNoDelay(true);
      responses.add(response);
      const beat = setInterval(() => {
        if (!response.writableNeedDrain) response.write(":\n\n");
      }, beatMs);
      response.once("close", () => {
        clearInterval(beat);
        responses.delete(response);
      });
      return {
        send(name, value) {
          if (response.writableNeedDrain || response.writableEnded || response.destroyed) return false;
          response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
          return true;
        },
        onEnd: (run) => void response.once("close", run),
      };
    },
    endAll() {
      for (const response of responses) response.end();
    },
  };
}
