import type { Duplex } from "node:stream";
import { createService, PipelineError, type Service } from "../runtime/index.ts";

/** The requests under way whose body has no end in sight. */
export type Streams = Service & {
  /** Whether the request on this connection may take longer than any other: it is a stream and has an idle rule of its own. */
  has(socket: Duplex): boolean;
  /** From now on `has` is true, and `end` is called when the server stops. */
  open(socket: Duplex, end: (reason: PipelineError) => void): void;
  close(socket: Duplex): void;
};

/** `stop` asks every stream to come to its end after what it has at hand, so that it need not be cut off. */
export function createStreams(): Streams {
  const open = new Map<Duplex, (reason: PipelineError) => void>();
  return {
    ...createService({
      name: "streams",
      start: () => undefined,
      stop() {
        for (const end of open.values()) end(new PipelineError("request_stopping"));
      },
    }),
    has: (socket) => open.has(socket),
    open: (socket, end) => void open.set(socket, end),
    close: (socket) => void open.delete(socket),
  };
}
