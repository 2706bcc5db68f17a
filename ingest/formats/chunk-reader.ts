import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import { PipelineError } from "../../runtime/index.ts";

/** Text of events is seldom packed tighter than thirty to one; what is packed tighter than this is there to cost us time. */
const maxRatio = 100;
/** Too little to judge a ratio by. */
const graceBytes = 256 * 1024;

export type ChunkReaderParts = {
  readonly gzip: boolean;
  /** Bytes, inflated, that may wait for the reader; the client is slowed down at more. One chunk of 64 KiB may come on top. */
  readonly maxWaitingBytes: number;
  /** How long the reader waits for a client that sends nothing. */
  readonly idleTimeoutMs: number;
  /** Hears the bytes as they were sent. */
  onBytes?(bytes: number): void;
};

/** A body of any length, read in pieces, never further ahead of its reader than a bound. */
export type ChunkReader = {
  /**
   * All that has come since the last call, or the next that comes; undefined at the end.
   * @throws PipelineError request_aborted, request_stream_idle, request_gzip_invalid, request_inflated_too_large (more than 100
   *   times what was sent), and what `stop` was given
   */
  next(): Promise<Buffer | undefined>;
  /** Makes this and every later `next` throw. */
  stop(reason: PipelineError): void;
  /** Lets the rest of the body pass by unread. */
  discard(): void;
};

export function createChunkReader(request: IncomingMessage, parts: ChunkReaderParts): ChunkReader {
  const gunzip = parts.gzip ? createGunzip({ chunkSize: 64 * 1024 }) : undefined;
  const source: Readable = gunzip ?? request;
  let chunks: Buffer[] = [];
  let waitingBytes = 0;
  let inflated = 0;
  let ended = false;
  let failure: PipelineError | undefined;
  let wake: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  function fail(error: PipelineError): void {
    failure ??= error;
    wake?.();
  }

  source.on("data", (chunk: Buffer) => {
    inflated += chunk.length;
    if (gunzip !== undefined && isBomb(inflated, gunzip)) {
      fail(new PipelineError("request_inflated_too_large", { fields: { ratio: maxRatio } }));
    }
    if (failure !== undefined) return;
    chunks.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes >= parts.maxWaitingBytes) source.pause();
    wake?.();
  });
  source.on("end", () => {
    ended = true;
    wake?.();
  });
  // A complete request closes, too, before it is inflated to its end.
  request.on("close", () => {
    if (request.complete) return;
    fail(new PipelineError("request_aborted"));
    gunzip?.destroy();
  });
  request.on("error", (cause) => fail(new PipelineError("request_aborted", { cause })));
  if (gunzip !== undefined) {
    gunzip.on("error", (cause) => fail(new PipelineError("request_gzip_invalid", { cause })));
    request.pipe(gunzip);
  }
  // Beside the pipe, whose pauses hold for this listener too. Bytes that inflate to nothing yet are progress all the same.
  request.on("data", (chunk: Buffer) => {
    timer?.refresh();
    parts.onBytes?.(chunk.length);
  });

  return {
    async next() {
      if (failure === undefined && chunks.length === 0 && !ended) {
        source.resume();
        await new Promise<void>((resolve) => {
          timer = setTimeout(() => fail(new PipelineError("request_stream_idle")), parts.idleTimeoutMs);
          wake = resolve;
        });
        clearTimeout(timer);
        timer = undefined;
        wake = undefined;
      }
      if (failure !== undefined) throw failure;
      if (chunks.length === 0) return undefined;
      const taken = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      chunks = [];
      waitingBytes = 0;
      source.resume();
      return taken;
    },
    stop: fail,
    discard() {
      chunks = [];
      fail(new PipelineError("request_aborted"));
      if (gunzip !== undefined) {
        request.unpipe(gunzip);
        gunzip.destroy();
      }
      request.resume();
    },
  };
}

function isBomb(inflated: number, gunzip: Gunzip): boolean {
  return inflated > graceBytes && inflated > gunzip.bytesWritten * maxRatio;
}
